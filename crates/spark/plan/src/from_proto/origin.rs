//! Where in the client's program a node was made.

use std::sync::Arc;

use hearth_proto::connect as pb;
use hearth_proto::connect::origin::Function;

use crate::Origin;

pub(super) fn origin(proto: Option<pb::Origin>) -> Option<Arc<Origin>> {
    let origin = match proto?.function? {
        Function::PythonOrigin(python) => python_origin(python),
        Function::JvmOrigin(jvm) => jvm_origin(jvm)?,
    };
    Some(Arc::new(origin))
}

fn python_origin(python: pb::PythonOrigin) -> Origin {
    Origin::DataFrame { fragment: python.fragment.into(), call_site: python.call_site.into() }
}

/// The Scala client sends a stack trace: the API's method on top, the user's code below.
fn jvm_origin(jvm: pb::JvmOrigin) -> Option<Origin> {
    if let (Some(text), Some(start), Some(stop)) = (jvm.sql_text, jvm.start_index, jvm.stop_index) {
        let (start, stop) = (u32::try_from(start).ok()?, u32::try_from(stop).ok()?);
        return Some(Origin::Sql { text: text.into(), start, stop });
    }
    let mut elements = jvm.stack_trace.into_iter();
    let fragment = elements.next()?.method_name.into();
    let lines: Vec<_> = elements.map(|element| stack_line(&element)).collect();
    Some(Origin::DataFrame { fragment, call_site: lines.join("\n").into() })
}

/// As Java prints it: `Main$.run(Main.scala:12)`.
fn stack_line(element: &pb::StackTraceElement) -> String {
    let file = element.file_name.as_deref().unwrap_or("Unknown Source");
    format!("{}.{}({file}:{})", element.declaring_class, element.method_name, element.line_number)
}
