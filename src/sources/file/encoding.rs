//! Reading a file of any supported encoding as UTF-8, in chunks.

use std::io::{self, Read};

use encoding_rs::{BIG5, Decoder, DecoderResult, UTF_16BE, UTF_16LE, WINDOWS_1252};
use serde::{Deserialize, Serialize};

/// How a file writes characters. A byte order mark at the beginning is always taken away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TextEncoding {
    /// UTF-8.
    Utf8,
    /// UTF-16, low byte first; what spreadsheets call "Unicode text".
    Utf16Le,
    /// UTF-16, high byte first.
    Utf16Be,
    /// Western European single bytes; what spreadsheets on Windows write in Western countries.
    Windows1252,
    /// Traditional Chinese as spreadsheets on Windows write it in Hong Kong and Taiwan. Never guessed: it looks like
    /// Windows-1252, so a person chooses it on seeing the preview.
    Big5,
}

impl TextEncoding {
    /// Every encoding, in the order a choice shows them.
    pub const ALL: [Self; 5] = [
        Self::Utf8,
        Self::Utf16Le,
        Self::Utf16Be,
        Self::Windows1252,
        Self::Big5,
    ];

    /// The name everybody uses.
    pub fn label(self) -> &'static str {
        match self {
            Self::Utf8 => "UTF-8",
            Self::Utf16Le => "UTF-16 LE",
            Self::Utf16Be => "UTF-16 BE",
            Self::Windows1252 => "Windows-1252",
            Self::Big5 => "Big5",
        }
    }

    /// Whether two bytes make one unit, so that a whole file has an even number of bytes.
    pub fn is_utf16(self) -> bool {
        matches!(self, Self::Utf16Le | Self::Utf16Be)
    }

    fn decoder(self) -> Option<Decoder> {
        match self {
            Self::Utf8 => None,
            Self::Utf16Le => Some(UTF_16LE.new_decoder_with_bom_removal()),
            Self::Utf16Be => Some(UTF_16BE.new_decoder_with_bom_removal()),
            Self::Windows1252 => Some(WINDOWS_1252.new_decoder_without_bom_handling()),
            Self::Big5 => Some(BIG5.new_decoder_without_bom_handling()),
        }
    }
}

/// Bytes read at a time.
const CHUNK_BYTES: usize = 256 * 1024;
const UTF8_MARK: &[u8] = b"\xEF\xBB\xBF";
/// A byte UTF-8 never holds. It stands for what could not be decoded, so that the row it is in is refused like any
/// other row of invalid text.
const INVALID: u8 = 0xFF;

/// A file as UTF-8. What cannot be decoded arrives as bytes that are no UTF-8; UTF-8 itself passes unchecked.
pub(crate) struct TextStream<R> {
    input: R,
    decoder: Option<Decoder>,
    raw: Vec<u8>,
    bytes_read: u64,
    is_at_end: bool,
}

impl<R: Read> TextStream<R> {
    pub(crate) fn new(input: R, encoding: TextEncoding) -> Self {
        Self {
            input,
            decoder: encoding.decoder(),
            raw: Vec::new(),
            bytes_read: 0,
            is_at_end: false,
        }
    }

    /// Bytes of the file read so far.
    pub(crate) fn bytes_read(&self) -> u64 {
        self.bytes_read
    }

    /// Appends the next chunk to `text`; `false` at the end of the file, when nothing was appended.
    pub(crate) fn fill(&mut self, text: &mut Vec<u8>) -> io::Result<bool> {
        let before = text.len();
        while !self.is_at_end && text.len() == before {
            if self.decoder.is_some() {
                self.decode_chunk(text)?;
            } else {
                let is_start = self.bytes_read == 0;
                self.read_chunk(text)?;
                if is_start && text[before..].starts_with(UTF8_MARK) {
                    text.drain(before..before + UTF8_MARK.len());
                }
            }
        }
        Ok(text.len() > before)
    }

    /// Reads a full chunk unless the file ends before.
    fn read_chunk(&mut self, into: &mut Vec<u8>) -> io::Result<()> {
        let start = into.len();
        into.resize(start + CHUNK_BYTES, 0);
        let mut end = start;
        while end < into.len() {
            match self.input.read(&mut into[end..]) {
                Ok(0) => break,
                Ok(read) => end += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        into.truncate(end);
        self.is_at_end = end - start < CHUNK_BYTES;
        self.bytes_read += u64::try_from(end - start).expect("a chunk fits in 64 bits");
        Ok(())
    }

    fn decode_chunk(&mut self, text: &mut Vec<u8>) -> io::Result<()> {
        let mut raw = std::mem::take(&mut self.raw);
        raw.clear();
        self.read_chunk(&mut raw)?;
        let decoder = self.decoder.as_mut().expect("asked for by fill");
        let mut rest = raw.as_slice();
        loop {
            let start = text.len();
            let room = decoder
                .max_utf8_buffer_length_without_replacement(rest.len())
                .expect("a chunk's length is far from overflowing");
            text.resize(start + room, 0);
            let (result, read, written) = decoder.decode_to_utf8_without_replacement(
                rest,
                &mut text[start..],
                self.is_at_end,
            );
            text.truncate(start + written);
            rest = &rest[read..];
            match result {
                DecoderResult::InputEmpty => break,
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(..) => text.push(INVALID),
            }
        }
        self.raw = raw;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hands out one byte at a time, the worst a reader may do.
    struct Drip<'a>(&'a [u8]);

    impl Read for Drip<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let count = self.0.len().min(buffer.len()).min(1);
            buffer[..count].copy_from_slice(&self.0[..count]);
            self.0 = &self.0[count..];
            Ok(count)
        }
    }

    fn decode(bytes: &[u8], encoding: TextEncoding) -> Vec<u8> {
        let mut stream = TextStream::new(Drip(bytes), encoding);
        let mut text = Vec::new();
        while stream.fill(&mut text).unwrap() {}
        assert_eq!(stream.bytes_read(), bytes.len() as u64);
        text
    }

    #[test]
    fn every_encoding_arrives_as_utf8_without_its_mark() {
        let text = "Zürich, 陳小明 🙂";
        let utf16 = |bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
            "\u{feff}Zürich, 陳小明 🙂"
                .encode_utf16()
                .flat_map(bytes)
                .collect()
        };
        assert_eq!(decode(text.as_bytes(), TextEncoding::Utf8), text.as_bytes());
        assert_eq!(
            decode(format!("\u{feff}{text}").as_bytes(), TextEncoding::Utf8),
            text.as_bytes()
        );
        assert_eq!(
            decode(&utf16(u16::to_le_bytes), TextEncoding::Utf16Le),
            text.as_bytes()
        );
        assert_eq!(
            decode(&utf16(u16::to_be_bytes), TextEncoding::Utf16Be),
            text.as_bytes()
        );
        assert_eq!(
            decode(b"Z\xfcrich \x80", TextEncoding::Windows1252),
            "Zürich €".as_bytes()
        );
        assert_eq!(decode(b"\xb3\xaf", TextEncoding::Big5), "陳".as_bytes());
    }

    #[test]
    fn what_cannot_be_decoded_is_no_utf8() {
        assert_eq!(
            decode(&[0x00, 0xd8, 0x41, 0x00], TextEncoding::Utf16Le),
            b"\xffA"
        );
        assert_eq!(decode(b"a\xff", TextEncoding::Utf8), b"a\xff");
    }

    #[test]
    fn text_longer_than_a_chunk_arrives_whole() {
        let text = "陳".repeat(CHUNK_BYTES);
        let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let mut stream = TextStream::new(utf16.as_slice(), TextEncoding::Utf16Le);
        let mut decoded = Vec::new();
        while stream.fill(&mut decoded).unwrap() {}
        assert!(decoded == text.as_bytes());
    }
}
