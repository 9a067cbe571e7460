//! Compiles the `.proto` files: once as they are, for reflection and for the nesting check, and once with the plans of
//! requests as plain bytes, for the generated code. No `protoc`: protox is a compiler in Rust.

#[path = "src/opaque.rs"]
mod opaque;

use std::error::Error;
use std::path::Path;

use opaque::OPAQUE_FIELDS;
use prost_types::field_descriptor_proto::Type;
use prost_types::{DescriptorProto, FileDescriptorSet};

const ROOT: &str = "proto";
const FILES: [&str; 10] =
    ["base", "catalog", "commands", "common", "expressions", "ml", "ml_common", "pipelines", "relations", "types"];
/// What Spark Connect over REST and the workers speak beside them.
const MORE: [&str; 4] = [
    "google/rpc/status.proto",
    "spark/connect/envelope.proto",
    "hearth/dataframe_processor.proto",
    "hearth/worker.proto",
];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={ROOT}");
    println!("cargo::rerun-if-changed=src/opaque.rs");
    let mut compiler = protox::Compiler::new([ROOT])?;
    compiler.include_imports(true).include_source_info(true);
    for file in FILES {
        compiler.open_file(format!("spark/connect/{file}.proto"))?;
    }
    compiler.open_files(MORE)?;
    let published = compiler.file_descriptor_set();
    let set_path = Path::new(&std::env::var("OUT_DIR")?).join("descriptors.bin");
    std::fs::write(set_path, compiler.include_source_info(false).encode_file_descriptor_set())?;

    let mut config = tonic_prost_build::Config::new();
    config.enable_type_names();
    tonic_prost_build::configure()
        .bytes(".")
        .btree_map(".")
        .codec_path("crate::codec::CheckedCodec")
        .emit_rerun_if_changed(false)
        .compile_fds_with_config(for_code(published)?, config)?;
    Ok(())
}

/// The descriptors that the code is generated from: opaque fields become bytes, and nothing is deprecated, because a
/// server must read what old clients send.
fn for_code(mut set: FileDescriptorSet) -> Result<FileDescriptorSet, String> {
    let mut replaced = 0;
    for file in &mut set.file {
        let package = file.package().to_owned();
        for message in &mut file.message_type {
            let name = format!("{package}.{}", message.name());
            replaced += rewrite(message, &name);
        }
    }
    if replaced == OPAQUE_FIELDS.len() {
        Ok(set)
    } else {
        Err(format!("{replaced} of {} opaque fields exist", OPAQUE_FIELDS.len()))
    }
}

fn rewrite(message: &mut DescriptorProto, full_name: &str) -> usize {
    let mut replaced = 0;
    for field in &mut message.field {
        if let Some(options) = &mut field.options {
            options.deprecated = None;
        }
        if OPAQUE_FIELDS.contains(&(full_name, field.name())) {
            field.set_type(Type::Bytes);
            field.type_name = None;
            replaced += 1;
        }
    }
    for nested in &mut message.nested_type {
        let name = format!("{full_name}.{}", nested.name());
        replaced += rewrite(nested, &name);
    }
    replaced
}
