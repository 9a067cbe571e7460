//! `base[extraction]` and `base.name`: Catalyst's `ExtractValue`.

use datafusion::logical_expr::Expr;
use datafusion::scalar::ScalarValue;
use hearth_base::condition::{
    DATATYPE_MISMATCH_UNEXPECTED_INPUT_TYPE, FIELD_NOT_FOUND, INVALID_EXTRACT_BASE_FIELD_TYPE,
    INVALID_EXTRACT_FIELD_TYPE,
};
use hearth_base::{Error, Result};
use hearth_types::{Collation, DataType, StructType};

use super::elements::{Indexing, fields_of_list, list_element, map_value, struct_field};
use super::shape::call;
use crate::call::SessionSettings;
use crate::cast::{CastMode, cast};
use crate::coercion::implicit_type;
use crate::typed::Typed;

/// Takes a value out of a struct (by constant name), an array of structs (a name: the field of each), an array (by
/// index from 0), or a map (by key).
/// `written` gives the texts of both, for errors.
pub fn extract_value(
    child: Typed,
    extraction: Typed,
    session: &SessionSettings,
    written: &dyn Fn() -> (String, String),
) -> Result<Typed> {
    let unexpected = |required: &str, key: &DataType| {
        let (base, text) = written();
        DATATYPE_MISMATCH_UNEXPECTED_INPUT_TYPE
            .with("sqlExpr", format!("\"{base}[{text}]\""))
            .with("paramIndex", "second")
            .with("requiredType", format!("\"{required}\""))
            .with("inputSql", format!("\"{text}\""))
            .with("inputType", key.quoted_sql())
    };
    let name = extraction.literal_str().filter(|_| extraction.data_type.is_string()).map(str::to_owned);
    match (&child.data_type.clone(), name) {
        (DataType::Struct(structure), Some(name)) => {
            let index = field_index(structure, &name, session)?;
            extract_field(child, index)
        }
        (DataType::Array(array), Some(name)) if matches!(array.element, DataType::Struct(_)) => {
            let DataType::Struct(structure) = &array.element else { return Err(no_base(&child)) };
            let index = field_index(structure, &name, session)?;
            let field = &structure.fields[index];
            let element = DataType::array(field.data_type.clone(), array.contains_null || field.nullable);
            let nullable = child.nullable;
            call("get_array_struct_fields", index, vec![child], (element, nullable), fields_of_list)
        }
        (DataType::Struct(_), None) => {
            Err(INVALID_EXTRACT_FIELD_TYPE.with("extraction", format!("\"{}\"", written().1)))
        }
        (DataType::Array(_), _) if !(extraction.data_type.is_integral() || extraction.is_void()) => {
            Err(unexpected("INTEGRAL", &extraction.data_type))
        }
        (DataType::Array(_), _) => element(child, extraction, session),
        (DataType::Map(map), _) => {
            let given = extraction.data_type.clone();
            let narrows = given.is_numeric() && map.key.is_numeric();
            let fits = narrows || given == map.key || implicit_type(&given, &map.key, session.ansi).is_some();
            let is_other = Collation::is_in(&given) && crate::collation::differ(&given, &map.key);
            if !fits || is_other {
                return Err(unexpected(&map.key.sql(), &given));
            }
            let extraction = cast(extraction, &map.key, CastMode::of(session), session)?;
            let (child, extraction) = crate::collation::looked_up(child, extraction)?;
            call("get_map_value", (), vec![child, extraction], (map.value.clone(), true), map_value)
        }
        _ => Err(base_error(&written().0, &child.data_type)),
    }
}

/// Takes field `index` (from 0) of a struct.
pub fn extract_field(child: Typed, index: usize) -> Result<Typed> {
    let DataType::Struct(structure) = &child.data_type else { return Err(no_base(&child)) };
    let field = structure.fields.get(index).cloned().ok_or_else(|| {
        Error::internal(format!("a struct of {} fields has no field {index}", structure.fields.len()))
    })?;
    let nullable = child.nullable || field.nullable;
    let named = structure.fields.iter().filter(|other| other.name == field.name).count() == 1;
    if named {
        // DataFusion pushes its own function down into file scans.
        let name = Expr::Literal(ScalarValue::Utf8(Some(field.name.to_string())), None);
        let get_field = datafusion::functions::core::get_field();
        let expr = get_field.call(vec![child.expr, name]);
        return Ok(Typed::new(expr, field.data_type, nullable));
    }
    call("get_struct_field", index, vec![child], (field.data_type, nullable), struct_field)
}

/// The index of a field by name; names compare as the session says.
pub fn field_index(structure: &StructType, name: &str, session: &SessionSettings) -> Result<usize> {
    let same = |other: &str| if session.case_sensitive { other == name } else { other.eq_ignore_ascii_case(name) };
    structure.fields.iter().position(|field| same(&field.name)).ok_or_else(|| {
        let fields: Vec<_> = structure.fields.iter().map(|field| format!("`{}`", field.name)).collect();
        FIELD_NOT_FOUND.with("fieldName", format!("`{name}`")).with("fields", fields.join(", "))
    })
}

fn element(child: Typed, index: Typed, session: &SessionSettings) -> Result<Typed> {
    let DataType::Array(array) = &child.data_type else { return Err(no_base(&child)) };
    if !(index.data_type.is_integral() || index.is_void()) {
        return Err(no_base(&child));
    }
    let index = cast(index, &DataType::Integer, CastMode::of(session), session)?;
    // Spark counts on the error for an index out of range, unless the index is a constant.
    let nullable =
        child.nullable || index.nullable || index.literal().is_some() || !session.ansi || array.contains_null;
    let element = array.element.clone();
    let indexing = Indexing::Bracket { raise: session.ansi };
    call("get_array_item", indexing, vec![child, index], (element, nullable), list_element)
}

fn no_base(child: &Typed) -> Error {
    base_error(&child.expr.to_string(), &child.data_type)
}

fn base_error(base: &str, data_type: &DataType) -> Error {
    INVALID_EXTRACT_BASE_FIELD_TYPE.with("base", format!("\"{base}\"")).with("other", data_type.quoted_sql())
}
