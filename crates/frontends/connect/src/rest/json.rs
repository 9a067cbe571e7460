//! Messages in JSON, as proto3 has it, for people with curl.
//!
//! The published descriptors know the messages; in them the plans of requests are messages too, so that one can be
//! written down. JSON nests up to serde_json's limit of 128 levels; answers are walked on a stack of their own.

use std::sync::LazyLock;

use bytes::Bytes;
use prost::Message;
use prost_reflect::{DescriptorPool, DeserializeOptions, DynamicMessage, MessageDescriptor, SerializeOptions};

use super::refusal::{Answered, Refusal};

/// Enough for the deepest message that is decoded; pages are taken as they are touched.
const STACK: usize = 64 << 20;

static POOL: LazyLock<DescriptorPool> =
    LazyLock::new(|| DescriptorPool::decode(hearth_proto::FILE_DESCRIPTOR_SET).unwrap_or_default());

fn descriptor(name: &str) -> Result<MessageDescriptor, String> {
    POOL.get_message_by_name(name).ok_or_else(|| format!("there is no message {name}"))
}

/// The wire format of the message `name` that stands in `json`.
pub(super) fn to_wire(name: &str, json: &[u8]) -> Answered<Bytes> {
    if json.iter().all(u8::is_ascii_whitespace) {
        return Ok(Bytes::new());
    }
    let read = || {
        let descriptor = descriptor(name)?;
        let mut reader = serde_json::Deserializer::from_slice(json);
        let message = DynamicMessage::deserialize_with_options(descriptor, &mut reader, &DeserializeOptions::new())
            .map_err(|error| error.to_string())?;
        reader.end().map_err(|error| error.to_string())?;
        Ok::<_, String>(Bytes::from(message.encode_to_vec()))
    };
    stacker::maybe_grow(STACK, STACK, read)
        .map_err(|reason| Refusal::invalid(format!("The body is no {name} in JSON: {reason}.")))
}

/// The message `name` in JSON. `wire` is of this server's own making.
pub(super) fn from_wire(name: &str, wire: Bytes) -> Bytes {
    let write = || {
        let message = DynamicMessage::decode(descriptor(name)?, wire.clone()).map_err(|error| error.to_string())?;
        let mut json = Vec::with_capacity(wire.len() * 2);
        let mut writer = serde_json::Serializer::new(&mut json);
        message.serialize_with_options(&mut writer, &SerializeOptions::new()).map_err(|error| error.to_string())?;
        Ok::<_, String>(Bytes::from(json))
    };
    stacker::maybe_grow(STACK, STACK, write).unwrap_or_else(|reason| {
        tracing::error!(message = name, reason, "an answer cannot be written in JSON");
        Bytes::from_static(b"{\"status\":{\"code\":13,\"message\":\"The answer cannot be written in JSON.\"}}")
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use hearth_proto::connect as pb;

    use super::*;

    #[test]
    fn a_deep_answer_is_written_on_a_stack_of_its_own() {
        const DEPTH: usize = 1_000;
        let string = pb::data_type::Kind::String(pb::data_type::String::default());
        let mut schema = pb::DataType { kind: Some(string) };
        for _ in 0..DEPTH {
            let array = pb::data_type::Array { element_type: Some(Box::new(schema)), ..Default::default() };
            schema = pb::DataType { kind: Some(pb::data_type::Kind::Array(Box::new(array))) };
        }
        let wire = stacker::grow(STACK, || {
            let answer = pb::ExecutePlanResponse { schema: Some(schema), ..Default::default() };
            let wire = Bytes::from(answer.encode_to_vec());
            drop(answer);
            wire
        });
        let json = from_wire("spark.connect.ExecutePlanResponse", wire);
        let text = std::str::from_utf8(&json).unwrap();
        assert_eq!(text.matches("elementType").count(), DEPTH);
    }
}
