//! URL functions, with the grammar of `java.net.URI`: what that class refuses is an error here.

use datafusion::arrow::array::ArrayRef;
use hearth_base::Result;
use hearth_base::condition::{CANNOT_DECODE_URL, INVALID_URL};

use crate::kernels::rowwise::Args;

/// A URI cut into its parts.
struct Uri<'a> {
    scheme: Option<&'a str>,
    authority: Option<&'a str>,
    /// `None` for an opaque one (`mailto:…`).
    path: Option<&'a str>,
    query: Option<&'a str>,
    fragment: Option<&'a str>,
}

impl<'a> Uri<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        if !text.bytes().enumerate().all(|(at, byte)| is_allowed(text, at, byte)) {
            return None;
        }
        let (rest, fragment) = cut(text, '#');
        if fragment.is_some_and(|fragment| fragment.contains('#')) {
            return None;
        }
        let scheme_end = rest.find(':').filter(|colon| rest.find(['/', '?']).is_none_or(|other| *colon < other));
        let (scheme, rest) = match scheme_end {
            Some(end) => (Some(&rest[..end]), &rest[end + 1..]),
            None => (None, rest),
        };
        if let Some(scheme) = scheme {
            let valid = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
                && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'));
            if !valid || rest.is_empty() {
                return None;
            }
            if !rest.starts_with('/') {
                return Some(Self { scheme: Some(scheme), authority: None, path: None, query: None, fragment });
            }
        }
        let (rest, query) = cut(rest, '?');
        let (authority, path) = match rest.strip_prefix("//") {
            Some(after) => {
                let end = after.find('/').unwrap_or(after.len());
                (Some(&after[..end]).filter(|authority| !authority.is_empty()), &after[end..])
            }
            None => (None, rest),
        };
        Some(Self { scheme, authority, path: Some(path), query, fragment })
    }

    fn user_info(&self) -> Option<&'a str> {
        self.authority?.rsplit_once('@').map(|(user, _)| user)
    }

    /// Only of a server: host and port must look like ones.
    fn host(&self) -> Option<&'a str> {
        let authority = self.authority?;
        let server = authority.rsplit_once('@').map_or(authority, |(_, server)| server);
        if server.starts_with('[') {
            return server.find(']').map(|end| &server[..=end]);
        }
        let (host, port) = server.split_once(':').unwrap_or((server, ""));
        let valid = !host.is_empty()
            && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'))
            && port.bytes().all(|byte| byte.is_ascii_digit());
        valid.then_some(host)
    }
}

fn cut(text: &str, at: char) -> (&str, Option<&str>) {
    match text.split_once(at) {
        Some((before, after)) => (before, Some(after)),
        None => (text, None),
    }
}

fn is_allowed(text: &str, at: usize, byte: u8) -> bool {
    match byte {
        b'%' => text.as_bytes().get(at + 1..at + 3).is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit)),
        b' ' | b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}' => false,
        _ => byte > b' ' && byte != 0x7f,
    }
}

/// `parse_url(url, part[, key])`; the state says that what is no URL gives NULL.
pub fn parse(lenient: &bool, args: &Args) -> Result<ArrayRef> {
    let (url, part, key) = (args.text(0)?, args.text(1)?, args.optional_text(2)?);
    args.try_texts(|row, out| {
        let (Some(url), Some(part)) = (url.get(row), part.get(row)) else { return Ok(None) };
        let key = match &key {
            Some(key) => match key.get(row) {
                Some(key) => Some(key),
                None => return Ok(None),
            },
            None => None,
        };
        let uri = match Uri::parse(url) {
            Some(uri) => uri,
            None if *lenient => return Ok(None),
            None => return Err(INVALID_URL.with("url", url)),
        };
        Ok(extract(&uri, part, key, out))
    })
}

fn extract(uri: &Uri<'_>, part: &str, key: Option<&str>, out: &mut String) -> Option<()> {
    let value = match (part, key) {
        ("QUERY", Some(key)) => uri.query?.split('&').find_map(|pair| pair.strip_prefix(key)?.strip_prefix('=')),
        (_, Some(_)) => None,
        ("HOST", None) => uri.host(),
        ("PATH", None) => uri.path,
        ("QUERY", None) => uri.query,
        ("REF", None) => uri.fragment,
        ("PROTOCOL", None) => uri.scheme,
        ("AUTHORITY", None) => uri.authority,
        ("USERINFO", None) => uri.user_info(),
        ("FILE", None) => {
            out.push_str(uri.path?);
            if let Some(query) = uri.query {
                out.push('?');
                out.push_str(query);
            }
            return Some(());
        }
        (_, None) => None,
    };
    out.push_str(value?);
    Some(())
}

/// `application/x-www-form-urlencoded`
pub fn encode(_: &(), args: &Args) -> Result<ArrayRef> {
    let text = args.text(0)?;
    args.texts(|row, out| {
        for byte in text.get(row)?.bytes() {
            match byte {
                b' ' => out.push('+'),
                b'-' | b'_' | b'.' | b'*' => out.push(char::from(byte)),
                _ if byte.is_ascii_alphanumeric() => out.push(char::from(byte)),
                _ => {
                    out.push('%');
                    for digit in [byte >> 4, byte & 15] {
                        out.push(char::from_digit(u32::from(digit), 16)?.to_ascii_uppercase());
                    }
                }
            }
        }
        Some(())
    })
}

/// The other way; the state says that what cannot be decoded gives NULL.
pub fn decode(lenient: &bool, args: &Args) -> Result<ArrayRef> {
    let text = args.text(0)?;
    args.try_texts(|row, out| {
        let Some(text) = text.get(row) else { return Ok(None) };
        match decode_into(text) {
            Some(decoded) => {
                out.push_str(&decoded);
                Ok(Some(()))
            }
            None if *lenient => Ok(None),
            None => Err(CANNOT_DECODE_URL.with("url", text)),
        }
    })
}

fn decode_into(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digit = |byte: u8| char::from(byte).to_digit(16);
                let (high, low) = (digit(rest.next()?)?, digit(rest.next()?)?);
                (high << 4 | low) as u8
            }
            _ => byte,
        });
    }
    Some(String::from_utf8_lossy(&bytes).into_owned())
}
