//! Functions whose code comes with the plan.

use std::sync::Arc;

use hearth_base::Result;
use hearth_proto::connect as pb;
use hearth_proto::connect::common_inline_user_defined_function::Function;
use hearth_proto::connect::common_inline_user_defined_table_function::Function as TableFunction;
use hearth_types::DataType;

use super::expressions;
use crate::expression::{InlineUdf, PythonUdf, PythonUdtf, UdfCode};
use crate::from_proto::invalid;
use crate::from_proto::types::{data_type, type_ref};

pub(in crate::from_proto) fn inline_udf(proto: pb::CommonInlineUserDefinedFunction) -> Result<InlineUdf> {
    const FUNCTION: &str = "spark.connect.CommonInlineUserDefinedFunction";
    let code = match proto.function.ok_or_else(|| invalid::not_set(FUNCTION, "function"))? {
        Function::PythonUdf(python) => UdfCode::Python(python_udf(python)?),
        Function::ScalarScalaUdf(scala) => scala_udf(scala)?,
        Function::JavaUdf(java) => java_udf(java)?,
    };
    Ok(InlineUdf {
        name: proto.function_name,
        deterministic: proto.deterministic,
        arguments: expressions(proto.arguments)?,
        distinct: proto.is_distinct,
        code,
    })
}

fn python_udf(python: pb::PythonUdf) -> Result<PythonUdf> {
    Ok(PythonUdf {
        output: type_ref(python.output_type.unwrap_or_default())?,
        eval_type: python.eval_type,
        command: Arc::from(&python.command[..]),
        python_version: python.python_ver,
        additional_includes: python.additional_includes,
    })
}

fn scala_udf(scala: pb::ScalarScalaUdf) -> Result<UdfCode> {
    let inputs: Result<Vec<DataType>> = scala.input_types.into_iter().map(data_type).collect();
    Ok(UdfCode::ScalaScalar {
        payload: Arc::from(&scala.payload[..]),
        inputs: inputs?,
        output: data_type(scala.output_type.unwrap_or_default())?,
        nullable: scala.nullable,
        aggregate: scala.aggregate,
    })
}

fn java_udf(java: pb::JavaUdf) -> Result<UdfCode> {
    Ok(UdfCode::Java {
        class_name: java.class_name,
        output: java.output_type.map(data_type).transpose()?,
        aggregate: java.aggregate,
    })
}

/// The code of a table function; its name and arguments stay with the caller.
pub(in crate::from_proto) fn udtf(function: Option<TableFunction>) -> Result<PythonUdtf> {
    const FUNCTION: &str = "spark.connect.CommonInlineUserDefinedTableFunction";
    match function.ok_or_else(|| invalid::not_set(FUNCTION, "function"))? {
        TableFunction::PythonUdtf(python) => Ok(PythonUdtf {
            output: python.return_type.map(type_ref).transpose()?,
            eval_type: python.eval_type,
            command: Arc::from(&python.command[..]),
            python_version: python.python_ver,
        }),
    }
}
