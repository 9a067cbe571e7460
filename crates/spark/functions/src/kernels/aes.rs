//! AES as Spark's `aes_encrypt` and `aes_decrypt` use it: GCM, CBC and ECB with keys of 16, 24 or 32 bytes.
//!
//! CBC and GCM put the initialization vector in front of the cipher text, GCM a tag of 16 bytes behind it. Messages of
//! failures are those of Java's provider, because Spark passes them on.

use aes::cipher::generic_array::GenericArray;
use aes::cipher::{BlockDecrypt, BlockEncrypt, BlockSizeUser, KeyInit};
use aes::{Aes128, Aes192, Aes256};
use aes_gcm::aead::consts::U12;
use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes128Gcm, Aes256Gcm, AesGcm};
use datafusion::arrow::array::ArrayRef;
use hearth_base::condition::{
    INVALID_PARAMETER_VALUE_AES_CRYPTO_ERROR, INVALID_PARAMETER_VALUE_AES_IV_LENGTH,
    INVALID_PARAMETER_VALUE_AES_KEY_LENGTH, UNSUPPORTED_FEATURE_AES_MODE, UNSUPPORTED_FEATURE_AES_MODE_AAD,
    UNSUPPORTED_FEATURE_AES_MODE_IV,
};
use hearth_base::{Error, Result};

use super::rowwise::Args;

const BLOCK: usize = 16;
const GCM_IV: usize = 12;
const BOTH: &str = "`aes_encrypt`/`aes_decrypt`";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Gcm,
    Cbc,
    Ecb,
}

impl Mode {
    fn of(mode: &str, padding: &str) -> Result<Self> {
        let is = |text: &str, known: &str| text.eq_ignore_ascii_case(known);
        let padded = is(padding, "DEFAULT") || is(padding, "PKCS");
        match mode {
            mode if is(mode, "GCM") && (is(padding, "NONE") || is(padding, "DEFAULT")) => Ok(Self::Gcm),
            mode if is(mode, "CBC") && padded => Ok(Self::Cbc),
            mode if is(mode, "ECB") && padded => Ok(Self::Ecb),
            _ => {
                Err(UNSUPPORTED_FEATURE_AES_MODE.with("mode", mode).with("padding", padding).with("functionName", BOTH))
            }
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Gcm => "GCM",
            Self::Cbc => "CBC",
            Self::Ecb => "ECB",
        }
    }
}

/// Kernel: `aes_encrypt(value, key, mode, padding, iv, aad)`.
pub fn encrypt(_: &(), args: &Args) -> Result<ArrayRef> {
    let (value, key) = (args.bytes(0)?, args.bytes(1)?);
    let (mode, padding) = (args.text(2)?, args.text(3)?);
    let (iv, aad) = (args.bytes(4)?, args.bytes(5)?);
    args.binaries(|row, out| {
        let (Some(value), Some(key), Some(iv), Some(aad)) = (value.get(row), key.get(row), iv.get(row), aad.get(row))
        else {
            return Ok(None);
        };
        let (Some(mode), Some(padding)) = (mode.get(row), padding.get(row)) else { return Ok(None) };
        let mode = Mode::of(mode, padding)?;
        let cipher = Cipher::new(key)?;
        if mode != Mode::Gcm && !aad.is_empty() {
            let error = UNSUPPORTED_FEATURE_AES_MODE_AAD.with("mode", mode.name());
            return Err(error.with("functionName", "`aes_encrypt`"));
        }
        let iv = start_vector(mode, iv)?;
        out.extend_from_slice(&iv);
        match mode {
            Mode::Gcm => out.extend(cipher.seal(&iv, value, aad)?),
            Mode::Cbc => cipher.encrypt_blocks(value, Some(&iv), out),
            Mode::Ecb => cipher.encrypt_blocks(value, None, out),
        }
        Ok(Some(()))
    })
}

/// Kernel: `aes_decrypt(value, key, mode, padding, aad)`; with `lenient`, NULL for what cannot be decrypted.
pub fn decrypt(lenient: &bool, args: &Args) -> Result<ArrayRef> {
    let (value, key) = (args.bytes(0)?, args.bytes(1)?);
    let (mode, padding, aad) = (args.text(2)?, args.text(3)?, args.bytes(4)?);
    args.binaries(|row, out| {
        let (Some(value), Some(key), Some(aad)) = (value.get(row), key.get(row), aad.get(row)) else { return Ok(None) };
        let (Some(mode), Some(padding)) = (mode.get(row), padding.get(row)) else { return Ok(None) };
        match Mode::of(mode, padding).and_then(|mode| open(mode, value, key, aad)) {
            Ok(plain) => {
                out.extend(plain);
                Ok(Some(()))
            }
            Err(_) if *lenient => Ok(None),
            Err(error) => Err(error),
        }
    })
}

fn open(mode: Mode, value: &[u8], key: &[u8], aad: &[u8]) -> Result<Vec<u8>> {
    let cipher = Cipher::new(key)?;
    if mode != Mode::Gcm && !aad.is_empty() {
        let error = UNSUPPORTED_FEATURE_AES_MODE_AAD.with("mode", mode.name());
        return Err(error.with("functionName", "`aes_decrypt`"));
    }
    match mode {
        Mode::Gcm => match value.split_at_checked(GCM_IV) {
            Some((iv, sealed)) => cipher.unseal(iv, sealed, aad),
            None => Err(crypto_error("Invalid buffer arguments")),
        },
        Mode::Cbc => match value.split_at_checked(BLOCK) {
            Some((iv, blocks)) => cipher.decrypt_blocks(blocks, Some(iv)),
            None => Err(crypto_error("IV buffer too short for given offset/length combination")),
        },
        Mode::Ecb => cipher.decrypt_blocks(value, None),
    }
}

/// The vector given, or a random one where the mode has one.
fn start_vector(mode: Mode, given: &[u8]) -> Result<Vec<u8>> {
    let length = match mode {
        Mode::Gcm => GCM_IV,
        Mode::Cbc => BLOCK,
        Mode::Ecb if given.is_empty() => return Ok(Vec::new()),
        Mode::Ecb => {
            let error = UNSUPPORTED_FEATURE_AES_MODE_IV.with("mode", "ECB");
            return Err(error.with("functionName", "`aes_encrypt`"));
        }
    };
    if given.is_empty() {
        use aes_gcm::aead::rand_core::RngCore;
        let mut random = vec![0; length];
        aes_gcm::aead::OsRng.fill_bytes(&mut random);
        return Ok(random);
    }
    if given.len() != length {
        return Err(INVALID_PARAMETER_VALUE_AES_IV_LENGTH
            .with("mode", mode.name())
            .with("parameter", "`iv`")
            .with("functionName", BOTH)
            .with("actualLength", given.len()));
    }
    Ok(given.to_vec())
}

fn crypto_error(message: &str) -> Error {
    INVALID_PARAMETER_VALUE_AES_CRYPTO_ERROR
        .with("parameter", "`expr`, `key`")
        .with("functionName", BOTH)
        .with("detailMessage", message)
}

/// A key, by its length.
enum Cipher<'a> {
    Short(&'a [u8]),
    Middle(&'a [u8]),
    Long(&'a [u8]),
}

impl<'a> Cipher<'a> {
    fn new(key: &'a [u8]) -> Result<Self> {
        match key.len() {
            16 => Ok(Self::Short(key)),
            24 => Ok(Self::Middle(key)),
            32 => Ok(Self::Long(key)),
            other => Err(INVALID_PARAMETER_VALUE_AES_KEY_LENGTH
                .with("parameter", "`key`")
                .with("functionName", BOTH)
                .with("actualLength", other)),
        }
    }

    fn seal(&self, iv: &[u8], plain: &[u8], aad: &[u8]) -> Result<Vec<u8>> {
        let payload = Payload { msg: plain, aad };
        let iv = GenericArray::from_slice(iv);
        let sealed = match self {
            Self::Short(key) => Aes128Gcm::new(GenericArray::from_slice(key)).encrypt(iv, payload),
            Self::Middle(key) => AesGcm::<Aes192, U12>::new(GenericArray::from_slice(key)).encrypt(iv, payload),
            Self::Long(key) => Aes256Gcm::new(GenericArray::from_slice(key)).encrypt(iv, payload),
        };
        sealed.map_err(|_| crypto_error("The text is too long"))
    }

    fn unseal(&self, iv: &[u8], sealed: &[u8], aad: &[u8]) -> Result<Vec<u8>> {
        let payload = Payload { msg: sealed, aad };
        let iv = GenericArray::from_slice(iv);
        let plain = match self {
            Self::Short(key) => Aes128Gcm::new(GenericArray::from_slice(key)).decrypt(iv, payload),
            Self::Middle(key) => AesGcm::<Aes192, U12>::new(GenericArray::from_slice(key)).decrypt(iv, payload),
            Self::Long(key) => Aes256Gcm::new(GenericArray::from_slice(key)).decrypt(iv, payload),
        };
        plain.map_err(|_| crypto_error("Tag mismatch!"))
    }

    fn encrypt_blocks(&self, plain: &[u8], iv: Option<&[u8]>, out: &mut Vec<u8>) {
        match self {
            Self::Short(key) => encrypt_with(&Aes128::new(GenericArray::from_slice(key)), plain, iv, out),
            Self::Middle(key) => encrypt_with(&Aes192::new(GenericArray::from_slice(key)), plain, iv, out),
            Self::Long(key) => encrypt_with(&Aes256::new(GenericArray::from_slice(key)), plain, iv, out),
        }
    }

    fn decrypt_blocks(&self, blocks: &[u8], iv: Option<&[u8]>) -> Result<Vec<u8>> {
        if blocks.is_empty() {
            return Ok(Vec::new());
        }
        if !blocks.len().is_multiple_of(BLOCK) {
            return Err(crypto_error("Input length must be multiple of 16 when decrypting with padded cipher"));
        }
        let mut plain = match self {
            Self::Short(key) => decrypt_with(&Aes128::new(GenericArray::from_slice(key)), blocks, iv),
            Self::Middle(key) => decrypt_with(&Aes192::new(GenericArray::from_slice(key)), blocks, iv),
            Self::Long(key) => decrypt_with(&Aes256::new(GenericArray::from_slice(key)), blocks, iv),
        };
        let padding = plain.last().map_or(0, |byte| usize::from(*byte));
        let length = plain.len().saturating_sub(padding);
        let padded = (1..=BLOCK).contains(&padding) && plain[length..].iter().all(|byte| usize::from(*byte) == padding);
        if !padded {
            return Err(crypto_error(
                "Given final block not properly padded. Such issues can arise if a bad key is used during decryption.",
            ));
        }
        plain.truncate(length);
        Ok(plain)
    }
}

/// Blocks filled up as PKCS #7 says; chained when there is a vector to start with.
fn encrypt_with<C>(cipher: &C, plain: &[u8], iv: Option<&[u8]>, out: &mut Vec<u8>)
where
    C: BlockEncrypt + BlockSizeUser<BlockSize = aes::cipher::consts::U16>,
{
    let padding = BLOCK - plain.len() % BLOCK;
    let mut before = iv.map(<[u8]>::to_vec);
    let mut padded = plain.to_vec();
    padded.resize(plain.len() + padding, padding as u8);
    for chunk in padded.chunks_exact_mut(BLOCK) {
        if let Some(before) = &before {
            chunk.iter_mut().zip(before).for_each(|(byte, before)| *byte ^= before);
        }
        cipher.encrypt_block(GenericArray::from_mut_slice(chunk));
        if let Some(before) = &mut before {
            before.copy_from_slice(chunk);
        }
    }
    out.extend(padded);
}

fn decrypt_with<C>(cipher: &C, blocks: &[u8], iv: Option<&[u8]>) -> Vec<u8>
where
    C: BlockDecrypt + BlockSizeUser<BlockSize = aes::cipher::consts::U16>,
{
    let mut plain = blocks.to_vec();
    for (index, chunk) in plain.chunks_exact_mut(BLOCK).enumerate() {
        cipher.decrypt_block(GenericArray::from_mut_slice(chunk));
        let before = match (iv, index) {
            (None, _) => continue,
            (Some(iv), 0) => iv,
            (Some(_), index) => &blocks[(index - 1) * BLOCK..index * BLOCK],
        };
        chunk.iter_mut().zip(before).for_each(|(byte, before)| *byte ^= before);
    }
    plain
}
