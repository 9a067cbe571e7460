//! Our messages are the published ones: `published.txt` lists every name and number, and a difference fails here.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;
use std::fmt::Write as _;

use hearth_proto::FILE_DESCRIPTOR_SET;
use prost::Message;
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto, FileDescriptorSet,
    MethodDescriptorProto,
};

#[test]
fn descriptors_equal_the_published_ones() {
    let published: BTreeSet<String> =
        include_str!("published.txt").lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect();
    let ours = listing();
    let missing: Vec<_> = published.difference(&ours).collect();
    let extra: Vec<_> = ours.difference(&published).collect();
    assert!(missing.is_empty() && extra.is_empty(), "missing: {missing:#?}\nextra: {extra:#?}");
    assert!(ours.len() > 1800);
}

fn listing() -> BTreeSet<String> {
    let set = FileDescriptorSet::decode(FILE_DESCRIPTOR_SET).unwrap();
    let mut lines = BTreeSet::new();
    let is_published = |file: &&FileDescriptorProto| {
        // The envelope of REST is described elsewhere.
        file.package() == "spark.connect" && !file.name().ends_with("envelope.proto")
    };
    for file in set.file.iter().filter(is_published) {
        assert_eq!(file.syntax(), "proto3");
        file.message_type.iter().for_each(|message| list_message(message, "", &mut lines));
        file.enum_type.iter().for_each(|closed| list_enum(closed, "", &mut lines));
        for service in &file.service {
            lines.extend(service.method.iter().map(|method| rpc_line(service.name(), method)));
        }
    }
    lines
}

fn list_message(message: &DescriptorProto, scope: &str, lines: &mut BTreeSet<String>) {
    let name = format!("{scope}{}", message.name());
    lines.insert(format!("message {name}"));
    for range in &message.reserved_range {
        lines.insert(format!("reserved {name} {} {}", range.start(), range.end()));
    }
    for reserved in &message.reserved_name {
        lines.insert(format!("reserved_name {name} {reserved}"));
    }
    lines.extend(message.field.iter().map(|field| field_line(&name, message, field)));
    let inner = format!("{name}.");
    message.enum_type.iter().for_each(|closed| list_enum(closed, &inner, lines));
    message.nested_type.iter().for_each(|nested| list_message(nested, &inner, lines));
}

fn list_enum(closed: &EnumDescriptorProto, scope: &str, lines: &mut BTreeSet<String>) {
    for value in &closed.value {
        lines.insert(format!("enum {scope}{} {} {}", closed.name(), value.name(), value.number()));
    }
}

fn field_line(message_name: &str, message: &DescriptorProto, field: &FieldDescriptorProto) -> String {
    let label = match (field.label(), field.proto3_optional()) {
        (Label::Repeated, _) => "repeated",
        (_, true) => "optional",
        (_, false) => "single",
    };
    let kind = match field.r#type() {
        Type::Message => "message",
        Type::Enum => "enum",
        _ => "scalar",
    };
    let type_name = match field.r#type() {
        Type::Message | Type::Enum => field.type_name().trim_start_matches('.').to_owned(),
        scalar => scalar.as_str_name().trim_start_matches("TYPE_").to_lowercase(),
    };
    let oneof = match field.oneof_index {
        Some(index) if !field.proto3_optional() => message.oneof_decl[usize::try_from(index).unwrap()].name(),
        _ => "-",
    };
    let mut line =
        format!("field {message_name} {} {} {label} {kind} {type_name} {oneof}", field.name(), field.number());
    if field.options.as_ref().is_some_and(|options| options.deprecated()) {
        write!(line, " deprecated").unwrap();
    }
    line
}

fn rpc_line(service: &str, method: &MethodDescriptorProto) -> String {
    let side = |streams: bool, type_name: &str| {
        format!("{}{}", if streams { "stream " } else { "" }, type_name.trim_start_matches('.'))
    };
    let input = side(method.client_streaming(), method.input_type());
    let output = side(method.server_streaming(), method.output_type());
    format!("rpc {service} {} {input} {output}", method.name())
}
