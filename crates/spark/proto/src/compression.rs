//! Decompression of plans that clients compress when they are large.

use std::io::Read;

use bytes::Bytes;

use crate::connect::CompressionCodec;
use crate::connect::plan::CompressedOperation;
use crate::decode::DecodeError;
use crate::limits::MAX_DECOMPRESSED_PLAN_BYTES;

/// The serialised relation or command. Stops at [`MAX_DECOMPRESSED_PLAN_BYTES`], whatever the data says about its size.
pub fn decompress(operation: &CompressedOperation) -> Result<Bytes, DecodeError> {
    decompress_up_to(operation, MAX_DECOMPRESSED_PLAN_BYTES)
}

fn decompress_up_to(operation: &CompressedOperation, limit: usize) -> Result<Bytes, DecodeError> {
    match CompressionCodec::try_from(operation.compression_codec) {
        Ok(CompressionCodec::Zstd) => zstd_frames(&operation.data, limit),
        Ok(CompressionCodec::Unspecified) | Err(_) => {
            Err(DecodeError::UnknownCodec { codec: operation.compression_codec })
        }
    }
}

/// One frame after the other, as the streaming compressors of clients write them.
fn zstd_frames(data: &[u8], limit: usize) -> Result<Bytes, DecodeError> {
    let malformed = |_| DecodeError::Malformed("compressed data that is damaged");
    let decoder = zstd::stream::read::Decoder::with_buffer(data).map_err(malformed)?;
    let mut plain = Vec::new();
    // One byte more than the limit tells "exactly as much" from "too much".
    decoder.take(limit as u64 + 1).read_to_end(&mut plain).map_err(malformed)?;
    if plain.len() > limit { Err(DecodeError::TooLarge { limit }) } else { Ok(Bytes::from(plain)) }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;
    use crate::connect::plan::compressed_operation::OpType;

    fn operation(data: Vec<u8>) -> CompressedOperation {
        CompressedOperation {
            data: data.into(),
            op_type: OpType::Relation.into(),
            compression_codec: CompressionCodec::Zstd.into(),
        }
    }

    #[test]
    fn frames_are_joined() {
        let mut data = zstd::encode_all(&b"one "[..], 1).unwrap();
        data.extend(zstd::encode_all(&b"two"[..], 1).unwrap());
        assert_eq!(decompress(&operation(data)).unwrap(), "one two");
    }

    #[test]
    fn limit_is_exact() {
        let data = zstd::encode_all(&[7_u8; 1000][..], 1).unwrap();
        assert_eq!(decompress_up_to(&operation(data.clone()), 1000).unwrap().len(), 1000);
        assert_eq!(decompress_up_to(&operation(data), 999), Err(DecodeError::TooLarge { limit: 999 }));
    }

    #[test]
    fn bomb_stops_at_the_limit() {
        let one = zstd::encode_all(&vec![0_u8; 8 << 20][..], 1).unwrap();
        let bomb = one.repeat(1 << 10);
        assert!(bomb.len() < 1 << 20, "8 GiB in less than one MiB");
        assert_eq!(decompress_up_to(&operation(bomb), 16 << 20), Err(DecodeError::TooLarge { limit: 16 << 20 }));
    }

    #[test]
    fn damaged_and_truncated_data_is_malformed() {
        let data = zstd::encode_all(&b"some text to compress"[..], 1).unwrap();
        for end in 1..data.len() {
            assert!(matches!(decompress(&operation(data[..end].to_vec())), Err(DecodeError::Malformed(_))), "{end}");
        }
        assert!(matches!(decompress(&operation(b"not zstd".to_vec())), Err(DecodeError::Malformed(_))));
    }

    #[test]
    fn codec_must_be_known() {
        for codec in [0, 2, -1] {
            let unknown = CompressedOperation { compression_codec: codec, ..operation(Vec::new()) };
            assert_eq!(decompress(&unknown), Err(DecodeError::UnknownCodec { codec }));
        }
    }
}
