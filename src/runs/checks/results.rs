//! Reading the results file of a `contact_exports` job, piece by piece as it arrives.
//!
//! The vendor publishes the names of the fields that can be asked for, not the layout of the file. So columns are found
//! by their headings, read as loosely as they may be written (`Email address` is `email_address`).

use csv_core::{ReadRecordResult, Reader};

use crate::constant_contact::{Activity, ClientError};

/// The fields asked for by a look at a delivery.
pub(super) const FIELDS: [&str; 3] = ["email_address", "email_permission_status", "email_lists"];
/// The columns that are read, where they are there.
const COLUMNS: [&str; 4] = [FIELDS[0], FIELDS[1], FIELDS[2], "contact_id"];
/// Longest line that is read, in bytes; a contact with three fields is far below.
const MAX_LINE_BYTES: usize = 1024 * 1024;
/// Most columns that are read.
const MAX_COLUMNS: usize = 1_024;

/// Length of the byte order mark in UTF-8.
const BYTE_ORDER_MARK_BYTES: usize = 3;

/// A contact of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::runs) struct Contact<'a> {
    pub(in crate::runs) email: &'a str,
    /// Empty when the file does not say.
    pub(in crate::runs) permission: &'a str,
    /// Names of the lists the contact is on; `None` when the file does not say.
    pub(super) lists: Option<&'a str>,
    /// The vendor's id of the contact; empty when the file does not say.
    pub(in crate::runs) id: &'a str,
}

/// The file is not the one that was asked for.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the results file has no column with addresses, or a line too long")]
pub(in crate::runs) struct UnreadableFile;

/// Takes pieces and hands out contacts.
pub(in crate::runs) struct Results {
    reader: Reader,
    /// The first bytes, until there are enough of them.
    head: Vec<u8>,
    is_begun: bool,
    line: Vec<u8>,
    line_length: usize,
    ends: Vec<usize>,
    ends_length: usize,
    columns: Option<[Option<usize>; COLUMNS.len()]>,
    /// Cells of the headings.
    width: usize,
    /// Whole lines after the headings.
    contacts: u64,
}

impl Results {
    pub(in crate::runs) fn new() -> Self {
        Self {
            reader: Reader::new(),
            head: Vec::new(),
            is_begun: false,
            line: vec![0; 8 * 1024],
            line_length: 0,
            ends: vec![0; 64],
            ends_length: 0,
            columns: None,
            width: 0,
            contacts: 0,
        }
    }

    /// At the end of the file: whether everybody is in it whom its job says it has exported. A file can end early and
    /// look like any other, and whoever is missing from it would be taken for somebody who has left.
    ///
    /// # Errors
    /// It is too short.
    pub(in crate::runs) fn check_whole(&self, job: &Activity) -> Result<(), ClientError> {
        match job.counts.items_total {
            Some(announced) if self.contacts < announced => {
                Err(ClientError::results_too_short(self.contacts, announced))
            }
            _ => Ok(()),
        }
    }

    /// Takes the next piece; an empty one is the end of the file.
    pub(in crate::runs) fn take(
        &mut self,
        piece: &[u8],
        each: &mut dyn FnMut(Contact<'_>),
    ) -> Result<(), UnreadableFile> {
        if !self.is_begun {
            self.head.extend_from_slice(piece);
            // The reader takes a piece that is nothing but a byte order mark for the end.
            if !piece.is_empty() && self.head.len() <= BYTE_ORDER_MARK_BYTES {
                return Ok(());
            }
            self.is_begun = true;
            let head = std::mem::take(&mut self.head);
            if !head.is_empty() {
                self.feed(&head, each)?;
            }
            if !piece.is_empty() {
                return Ok(());
            }
        }
        self.feed(piece, each)
    }

    fn feed(
        &mut self,
        mut piece: &[u8],
        each: &mut dyn FnMut(Contact<'_>),
    ) -> Result<(), UnreadableFile> {
        let is_end = piece.is_empty();
        // The reader takes an empty piece for the end, so it gets none before.
        while is_end || !piece.is_empty() {
            let (result, read, written, ended) = self.reader.read_record(
                piece,
                &mut self.line[self.line_length..],
                &mut self.ends[self.ends_length..],
            );
            piece = &piece[read..];
            self.line_length += written;
            self.ends_length += ended;
            match result {
                ReadRecordResult::InputEmpty => return Ok(()),
                ReadRecordResult::OutputFull => grow(&mut self.line, MAX_LINE_BYTES)?,
                ReadRecordResult::OutputEndsFull => grow(&mut self.ends, MAX_COLUMNS)?,
                ReadRecordResult::Record => {
                    self.record(each)?;
                    (self.line_length, self.ends_length) = (0, 0);
                }
                ReadRecordResult::End => {
                    return match self.columns {
                        Some(_) => Ok(()),
                        None => Err(UnreadableFile),
                    };
                }
            }
        }
        Ok(())
    }

    fn record(&mut self, each: &mut dyn FnMut(Contact<'_>)) -> Result<(), UnreadableFile> {
        let text = String::from_utf8_lossy(&self.line[..self.line_length]);
        let ends = &self.ends[..self.ends_length];
        let cell = |index: usize| {
            let start = if index == 0 { 0 } else { ends[index - 1] };
            // Replacing bytes that are not UTF-8 moves what comes after; such a line is no use.
            text.get(start..ends[index]).unwrap_or_default()
        };
        let Some(columns) = self.columns else {
            let headings: Vec<String> = (0..ends.len()).map(|index| name(cell(index))).collect();
            let find = |field: &str| headings.iter().position(|heading| heading == field);
            let columns = COLUMNS.map(find);
            columns[0].ok_or(UnreadableFile)?;
            self.columns = Some(columns);
            self.width = headings.len();
            return Ok(());
        };
        self.contacts += u64::from(ends.len() >= self.width);
        let value = |field: usize| columns[field].filter(|index| *index < ends.len()).map(cell);
        let email = value(0).unwrap_or_default().trim();
        if !email.is_empty() {
            each(Contact {
                email,
                permission: value(1).unwrap_or_default().trim(),
                lists: value(2),
                id: value(3).unwrap_or_default().trim(),
            });
        }
        Ok(())
    }
}

impl Contact<'_> {
    /// Whether the contact is on the list of a name; a file that does not say is taken to hold members only.
    pub(super) fn is_on(&self, list: &str) -> bool {
        let Some(lists) = self.lists else {
            return !self.has_unsubscribed();
        };
        let is_it = |name: &str| name.trim().eq_ignore_ascii_case(list.trim());
        // A name with a separator in it cannot be told apart from two names.
        is_it(lists)
            || lists.split([',', ';', '|']).any(is_it)
            || list.contains([',', ';', '|']) && lists.contains(list.trim())
    }

    pub(in crate::runs) fn has_unsubscribed(&self) -> bool {
        matches!(
            self.permission.to_ascii_lowercase().as_str(),
            "unsubscribed" | "optout" | "opt_out" | "opted_out"
        )
    }
}

/// A heading as the name of a field.
fn name(heading: &str) -> String {
    let heading = heading.trim_start_matches('\u{feff}').trim();
    heading.to_ascii_lowercase().replace([' ', '-'], "_")
}

fn grow<T: Clone + Default>(buffer: &mut Vec<T>, most: usize) -> Result<(), UnreadableFile> {
    if buffer.len() >= most {
        return Err(UnreadableFile);
    }
    buffer.resize(buffer.len() * 2, T::default());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(
        file: &[u8],
        sizes: impl Iterator<Item = usize>,
    ) -> Result<Vec<String>, UnreadableFile> {
        let mut results = Results::new();
        let mut found = Vec::new();
        let mut rest = file;
        let mut each = |contact: Contact<'_>| {
            found.push(format!(
                "{} {} {}",
                contact.email,
                contact.has_unsubscribed(),
                contact.is_on("News, weekly")
            ));
        };
        for size in sizes {
            let (piece, left) = rest.split_at(size.min(rest.len()));
            rest = left;
            if piece.is_empty() {
                break;
            }
            results.take(piece, &mut each)?;
        }
        results.take(&[], &mut each)?;
        Ok(found)
    }

    #[test]
    fn a_file_is_read_in_pieces_of_any_size() {
        let file = "\u{feff}contact_id,Email Lists,Email address,email permission status\r\n\
            1,\"Other,News, weekly\",ann@example.com,implicit\r\n\
            2,,bob@example.com,unsubscribed\n\
            3,Other,,explicit\r\n\
            4,\"News, weekly\",\"zoë@example.com\",explicit";
        let expected = [
            "ann@example.com false true",
            "bob@example.com true false",
            "zoë@example.com false true",
        ];
        let mut random = fastrand::Rng::with_seed(2);
        for _ in 0..200 {
            let most = random.usize(1..40);
            let mut sizes = fastrand::Rng::with_seed(random.u64(..));
            let sizes = std::iter::repeat_with(move || sizes.usize(1..=most));
            assert_eq!(read(file.as_bytes(), sizes).unwrap(), expected);
        }
    }

    #[test]
    fn another_file_is_refused() {
        for file in ["", "<html>oops</html>", "first_name\nAnn\n"] {
            let refused = read(file.as_bytes(), std::iter::repeat(7));
            assert_eq!(refused, Err(UnreadableFile), "{file}");
        }
    }
}
