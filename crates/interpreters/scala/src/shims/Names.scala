/* Types that signatures of the Connect client name and that no jar of the client holds. Nothing makes one of them. */
package org.apache.spark {
  package api.java {
    class JavaRDD[T] private (val rdd: org.apache.spark.rdd.RDD[T])
  }
  package sql {
    class ExperimentalMethods private ()
    class SparkSessionExtensions private ()
    package execution {
      class QueryExecution private ()
    }
    package internal {
      class SharedState private ()
      class SessionState private ()
    }
    package sources {
      class BaseRelation private ()
    }
    package util {
      class ExecutionListenerManager private ()
    }
  }
}
