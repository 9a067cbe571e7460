# What SparkR has and this package has not: each says so by name. And the registration of S3 methods.

.absent <- function(name) {
  force(name)
  function(...) {
    stop(simpleError(paste0(name, " of SparkR is not available here: it needs R workers or a JVM beside Spark. ",
      "Use the verbs of SparkDataFrame, SQL, or collect() and plain R"), sys.call()))
  }
}

for (.name in c(
  "spark.lapply", "dapply", "dapplyCollect", "gapply", "gapplyCollect", "includePackage", "foreach", "foreachPartition",
  "read.stream", "write.stream", "awaitTermination", "isActive", "lastProgress", "queryName", "status", "stopQuery",
  "spark.addFile", "spark.getSparkFiles", "spark.getSparkFilesRootDirectory", "sparkR.callJMethod", "sparkR.callJStatic",
  "sparkR.newJObject", "sparkR.uiWebUrl", "createExternalTable", "createTable", "write.jdbc", "write.ml", "read.ml",
  "cancelJobGroup", "setCheckpointDir", "storageLevel", "toRDD", "parallelize", "textFile",
  "spark.als", "spark.associationRules", "spark.bisectingKmeans", "spark.decisionTree", "spark.findFrequentSequentialPatterns",
  "spark.fmClassifier", "spark.fmRegressor", "spark.fpGrowth", "spark.freqItemsets", "spark.gaussianMixture", "spark.gbt",
  "spark.glm", "spark.isoreg", "spark.kmeans", "spark.kstest", "spark.lda", "spark.lm", "spark.logit", "spark.mlp",
  "spark.naiveBayes", "spark.perplexity", "spark.posterior", "spark.randomForest", "spark.survreg", "spark.svmLinear",
  "spark.assignClusters"
)) {
  assign(.name, .absent(.name))
}
rm(.name)

.onLoad <- function(libname, pkgname) {
  here <- environment(.onLoad)
  classes <- c("SparkDataFrame", "Column", "GroupedData", "WindowSpec", "SparkSession", "structType", "structField")
  for (class in classes) {
    for (name in ls(here, pattern = paste0("[.]", class, "$"), all.names = TRUE)) {
      registerS3method(base::substr(name, 1L, base::nchar(name) - base::nchar(class) - 1L), class, get(name, here), here)
    }
  }
}
