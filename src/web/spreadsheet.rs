//! CSV files for people: RFC 4180, UTF-8 with a byte order mark so that spreadsheets read it as such, and no cell that a
//! spreadsheet would run as a formula.
//!
//! Values come from outside, and a cell that begins with `=`, `+`, `-` or `@` is code to a spreadsheet. Such cells get
//! an apostrophe in front, which spreadsheets show as text. Plain numbers such as `-5` or `+85221234567` stay as they
//! are: they compute nothing.

use actix_web::HttpResponse;
use actix_web::http::header::{
    CONTENT_DISPOSITION, ContentDisposition, DispositionParam, DispositionType,
};
use actix_web::web::Bytes;
use futures_util::Stream;

/// Tells spreadsheets that the file is UTF-8.
pub const BYTE_ORDER_MARK: &str = "\u{feff}";

/// Appends a row.
pub fn push_row<'a>(file: &mut Vec<u8>, cells: impl IntoIterator<Item = &'a str>) {
    for (index, cell) in cells.into_iter().enumerate() {
        if index > 0 {
            file.push(b',');
        }
        push_cell(file, cell);
    }
    file.extend_from_slice(b"\r\n");
}

fn push_cell(file: &mut Vec<u8>, cell: &str) {
    let is_quoted = cell.contains(['"', ',', '\r', '\n']) || cell.trim() != cell;
    if is_quoted {
        file.push(b'"');
    }
    if is_formula(cell) {
        file.push(b'\'');
    }
    for (index, piece) in cell.split('"').enumerate() {
        if index > 0 {
            file.extend_from_slice(b"\"\"");
        }
        file.extend_from_slice(piece.as_bytes());
    }
    if is_quoted {
        file.push(b'"');
    }
}

/// Whether a spreadsheet would compute the cell. The wide forms are typed for the narrow ones in East Asian settings.
fn is_formula(cell: &str) -> bool {
    let Some(first) = cell.chars().next() else {
        return false;
    };
    match first {
        '=' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠' => true,
        '+' | '-' => !is_number(&cell[1..]),
        _ => false,
    }
}

fn is_number(text: &str) -> bool {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let are_digits =
        |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    are_digits(whole) && are_digits(fraction)
}

/// A file that the browser stores under `name`, piece by piece. Nothing on the way keeps it.
pub fn download<E>(
    name: String,
    pieces: impl Stream<Item = Result<Bytes, E>> + 'static,
) -> HttpResponse
where
    E: Into<Box<dyn std::error::Error>> + 'static,
{
    let disposition = ContentDisposition {
        disposition: DispositionType::Attachment,
        parameters: vec![DispositionParam::Filename(name)],
    };
    HttpResponse::Ok()
        .content_type("text/csv; charset=utf-8")
        .insert_header((CONTENT_DISPOSITION, disposition))
        .streaming(pieces)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(cells: &[&str]) -> String {
        let mut file = Vec::new();
        push_row(&mut file, cells.iter().copied());
        String::from_utf8(file).unwrap()
    }

    #[test]
    fn cells_are_quoted_as_rfc_4180_says() {
        assert_eq!(row(&["a", "", "b c"]), "a,,b c\r\n");
        assert_eq!(
            row(&["a,b", "a\"b", "a\nb", " a"]),
            "\"a,b\",\"a\"\"b\",\"a\nb\",\" a\"\r\n"
        );
    }

    #[test]
    fn no_cell_is_a_formula_and_numbers_stay_as_they_are() {
        for formula in [
            "=1+1",
            "+1+1",
            "-1-1",
            "-",
            "@SUM(A1)",
            "=cmd|' /C calc'!A0",
            "＝1",
            "-2+3+cmd|' /C calc'!A0",
        ] {
            assert_eq!(row(&[formula]), format!("'{formula}\r\n"));
        }
        assert_eq!(row(&["\t=1"]), "\"'\t=1\"\r\n");
        assert_eq!(row(&["\r=1"]), "\"'\r=1\"\r\n");
        for harmless in [
            "-5",
            "+85221234567",
            "-5.25",
            "a=b",
            "2026-11-25",
            "ann@example.com",
        ] {
            assert_eq!(row(&[harmless]), format!("{harmless}\r\n"));
        }
    }

    #[test]
    fn random_rows_read_back_as_they_were() {
        let alphabet: Vec<char> = "a =+-@\t\r\n\",'＝9.".chars().collect();
        let mut random = fastrand::Rng::with_seed(9);
        for _ in 0..5_000 {
            let mut cell = || -> String {
                (0..random.usize(..6))
                    .map(|_| alphabet[random.usize(..alphabet.len())])
                    .collect()
            };
            let cells = [cell(), cell(), "end".to_owned()];
            let text = row(&[&cells[0], &cells[1], &cells[2]]);
            let mut reader = csv::ReaderBuilder::new()
                .has_headers(false)
                .from_reader(text.as_bytes());
            let record = reader.records().next().unwrap().unwrap();
            for (read, cell) in record.iter().zip(&cells) {
                assert_eq!(
                    read.strip_prefix('\'')
                        .filter(|_| is_formula(cell))
                        .unwrap_or(read),
                    cell
                );
                assert!(!is_formula(read), "{read:?}");
            }
        }
    }
}
