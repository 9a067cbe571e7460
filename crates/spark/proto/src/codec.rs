//! The codec of the generated services: messages that arrive are checked before they are decoded.
//!
//! Used on both sides of a connection. A message that does not decode is `INTERNAL`, as gRPC has it for all languages;
//! one over a limit is `RESOURCE_EXHAUSTED`.

use std::marker::PhantomData;

use bytes::{Buf, BufMut};
use prost::{Message, Name};
use tonic::codec::{BufferSettings, Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::{Code, Status};

use crate::decode::{DecodeError, decode_message};
use crate::limits::MAX_PLAN_DEPTH;

/// What a message's buffer begins with.
const BUFFER: usize = 8 << 10;
/// Messages that are ready go out together up to this size: an answer in many small batches takes fewer writes.
const BURST: usize = 256 << 10;

/// Encodes `T` and decodes `U`.
#[derive(Debug)]
pub struct CheckedCodec<T, U>(PhantomData<(T, U)>);

/// The encoding half.
#[derive(Debug)]
pub struct SizedEncoder<T>(PhantomData<T>);

/// The decoding half.
#[derive(Debug)]
pub struct CheckedDecoder<U>(PhantomData<U>);

impl<T, U> Default for CheckedCodec<T, U> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<T, U> Codec for CheckedCodec<T, U>
where
    T: Message + Send + 'static,
    U: Message + Name + Default + Send + 'static,
{
    type Encode = T;
    type Decode = U;
    type Encoder = SizedEncoder<T>;
    type Decoder = CheckedDecoder<U>;

    fn encoder(&mut self) -> Self::Encoder {
        SizedEncoder(PhantomData)
    }

    fn decoder(&mut self) -> Self::Decoder {
        CheckedDecoder(PhantomData)
    }
}

impl<T: Message> Encoder for SizedEncoder<T> {
    type Item = T;
    type Error = Status;

    fn encode(&mut self, item: T, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        let length = item.encoded_len();
        // A buffer that grows is copied each time; messages of a burst are of one size mostly.
        if buffer.chunk_mut().len() < length {
            buffer.reserve(if (BUFFER..BURST).contains(&length) { length + BURST } else { length });
        }
        item.encode(buffer).map_err(|error| Status::internal(error.to_string()))
    }

    fn buffer_settings(&self) -> BufferSettings {
        BufferSettings::new(BUFFER, BURST)
    }
}

impl<U: Message + Name + Default> Decoder for CheckedDecoder<U> {
    type Item = U;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<U>, Status> {
        let wire = buffer.copy_to_bytes(buffer.remaining());
        decode_message(wire, MAX_PLAN_DEPTH).map(Some).map_err(|error| status(&error))
    }
}

fn status(error: &DecodeError) -> Status {
    let code = match error {
        DecodeError::Malformed(_) | DecodeError::UnknownCodec { .. } => Code::Internal,
        DecodeError::TooDeep { .. } | DecodeError::TooLarge { .. } | DecodeError::TooMany { .. } => {
            Code::ResourceExhausted
        }
    };
    Status::new(code, error.to_string())
}
