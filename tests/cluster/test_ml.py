"""MLlib on the Spark through Hearth: models are fitted there, used, saved and dropped."""

from __future__ import annotations

from pyspark.ml import Pipeline, PipelineModel
from pyspark.ml.classification import LogisticRegression
from pyspark.ml.evaluation import BinaryClassificationEvaluator
from pyspark.ml.feature import StandardScaler, VectorAssembler


def points(session):
    return session.createDataFrame([(float(n % 2), float(n), float((n * 7) % 5)) for n in range(40)], "label double, a double, b double")


def test_logistic_regression(same):
    def program(s):
        frame = VectorAssembler(inputCols=["a", "b"], outputCol="features").transform(points(s))
        model = LogisticRegression(maxIter=5, regParam=0.01).fit(frame)
        summary = model.summary
        return [[round(value, 6) for value in model.coefficients], round(model.intercept, 6), round(summary.areaUnderROC, 6), summary.totalIterations,
                model.transform(frame).select("label", "prediction").orderBy("a"), model.numFeatures]

    same(program)


def test_pipeline_that_is_saved(same, tmp_path):
    def program(s):
        frame = points(s)
        pipeline = Pipeline(stages=[VectorAssembler(inputCols=["a", "b"], outputCol="raw"), StandardScaler(inputCol="raw", outputCol="features"),
                                    LogisticRegression(maxIter=3)])
        model = pipeline.fit(frame)
        place = str(tmp_path / s.session_id)
        model.write().overwrite().save(place)
        loaded = PipelineModel.load(place)
        score = BinaryClassificationEvaluator().evaluate(loaded.transform(frame))
        return [round(score, 6), loaded.transform(frame).select("prediction").count(), len(loaded.stages)]

    same(program)
