use std::io::Write;

use super::*;
use crate::profiles::value::{DateOrder, NumberStyle};

fn look(bytes: &[u8], overrides: &Overrides) -> Result<Inspection, FileProblem> {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    inspect(&mut file, overrides)
}

fn seen(bytes: &[u8]) -> Inspection {
    look(bytes, &Overrides::default()).unwrap()
}

fn names(inspection: &Inspection) -> Vec<&str> {
    inspection
        .fields
        .iter()
        .map(|field| field.name.as_str())
        .collect()
}

#[test]
fn the_delimiter_is_the_one_every_row_agrees_on() {
    for (text, delimiter) in [
        ("a,b,c\n1,2,3\n", Delimiter::Comma),
        ("a;b;c\n1,5;2,5;3\n", Delimiter::Semicolon),
        ("a\tb\n\"x, y; z\"\t2\n", Delimiter::Tab),
        ("a|b\n1,2,3|4\n", Delimiter::Pipe),
        ("only\none\n", Delimiter::Comma),
        (
            "name;note\nAnn;\"likes a, b and c\"\nBob;x, y\n",
            Delimiter::Semicolon,
        ),
    ] {
        assert_eq!(
            seen(text.as_bytes()).format.delimiter,
            delimiter,
            "{text:?}"
        );
    }
}

#[test]
fn the_encoding_is_seen_with_and_without_a_mark() {
    let text = "Name,City\nJosé,Zürich\n陳小明,香港\n";
    let utf16 = |text: &str, bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
        text.encode_utf16().flat_map(bytes).collect()
    };
    let marked = format!("\u{feff}{text}");
    for (bytes, encoding) in [
        (text.as_bytes().to_vec(), TextEncoding::Utf8),
        (marked.as_bytes().to_vec(), TextEncoding::Utf8),
        (utf16(&marked, u16::to_le_bytes), TextEncoding::Utf16Le),
        (utf16(&marked, u16::to_be_bytes), TextEncoding::Utf16Be),
        (utf16(text, u16::to_le_bytes), TextEncoding::Utf16Le),
        (utf16(text, u16::to_be_bytes), TextEncoding::Utf16Be),
    ] {
        let inspection = seen(&bytes);
        assert_eq!(inspection.format.encoding, encoding);
        assert_eq!(inspection.rows, [["José", "Zürich"], ["陳小明", "香港"]]);
    }
    let inspection = seen(b"Name,City\nJos\xe9,Z\xfcrich\n");
    assert_eq!(inspection.format.encoding, TextEncoding::Windows1252);
    assert_eq!(inspection.rows, [["José", "Zürich"]]);
    let one_broken = seen(
        "Name\nJosé\nÅsa\nZoë\n"
            .as_bytes()
            .iter()
            .copied()
            .chain(*b"x\xffy\n")
            .collect::<Vec<_>>()
            .as_slice(),
    );
    assert_eq!(one_broken.format.encoding, TextEncoding::Utf8);
}

#[test]
fn headings_are_told_from_data() {
    for (text, has_header) in [
        ("Id,Email\n1,a@example.com\n", true),
        ("1,a@example.com\n2,b@example.com\n", false),
        ("1,2024-01-01\n2,2024-01-02\n", false),
        ("Year,2023,2024\nx,1.5,2\n", false),
        ("Name,City\nAnn,Boston\n", true),
        ("Ann,a@example.com\n", false),
    ] {
        assert_eq!(
            seen(text.as_bytes()).format.has_header,
            has_header,
            "{text:?}"
        );
    }
    let inspection = seen(b"1,a@example.com\n2,b@example.com\n");
    assert_eq!(names(&inspection), ["Column 1", "Column 2"]);
    assert_eq!(inspection.rows.len(), 2);
    let overrides = Overrides {
        has_header: Some(true),
        ..Overrides::default()
    };
    let corrected = look(b"1,a@example.com\n2,b@example.com\n", &overrides).unwrap();
    assert_eq!(names(&corrected), ["1", "a@example.com"]);
}

#[test]
fn types_and_meanings_are_proposed() {
    let text = "CustomerId,FirstName,LastName,EMail,Zip,Spend,Born,OptIn\n\
                C1,Ann,Lee,ann@example.com,02134,1.50,31/12/1990,true\n\
                C2,Bob,Li,,10115,20,1/2/1991,false\n";
    let inspection = seen(text.as_bytes());
    let types: Vec<_> = inspection
        .fields
        .iter()
        .map(|field| field.field_type)
        .collect();
    assert_eq!(types[4], FieldType::Text, "postcodes are no numbers");
    assert_eq!(
        types[5],
        FieldType::Number {
            style: NumberStyle::Point
        }
    );
    assert_eq!(
        types[6],
        FieldType::Date {
            order: DateOrder::DayMonthYear
        }
    );
    assert_eq!(types[7], FieldType::Boolean);
    let meanings: Vec<_> = inspection
        .fields
        .iter()
        .map(|field| field.semantic)
        .collect();
    use Semantic::{Email, FirstName, Key, LastName};
    assert_eq!(
        meanings[..4],
        [Some(Key), Some(FirstName), Some(LastName), Some(Email)]
    );
    assert_eq!(inspection.key(), Some(0));
}

#[test]
fn earlier_decisions_about_a_source_are_kept() {
    let inspection = seen(b"Id,Code\n1,2\n");
    let earlier = [Field {
        name: "Code".into(),
        field_type: FieldType::Text,
        semantic: None,
    }];
    let plan = inspection.plan(&earlier);
    assert_eq!(
        (plan.fields[1].field_type, plan.fields[1].is_type_decided),
        (FieldType::Text, true)
    );
    assert!(!plan.fields[0].is_type_decided);
}

#[test]
fn files_that_cannot_be_loaded_are_told_apart() {
    let problem = |bytes: &[u8]| look(bytes, &Overrides::default()).unwrap_err().to_string();
    assert_eq!(problem(b""), "the file is empty");
    assert_eq!(problem(b" \n\r\n\t"), "the file is empty");
    assert_eq!(problem(b"\xEF\xBB\xBF"), "the file is empty");
    assert_eq!(problem(b"Id,Email\n"), "the file has headings but no rows");
    assert_eq!(
        problem(b"\xFF\xFEa\0,\0b"),
        "the file is UTF-16 but has an odd number of bytes: it was probably cut off"
    );
    assert!(problem(b"PK\x03\x04rest").contains("Excel workbook"));
    assert!(problem(b"\x89PNG\r\n\x1a\n").contains("picture"));
    let noise: Vec<u8> = (0..4_000_u32)
        .map(|n| u8::try_from(n.wrapping_mul(2_654_435_761) >> 24).unwrap())
        .collect();
    assert!(problem(&noise).contains("not a text file"));
    let wide = vec!["x"; 10_000].join(",") + "\n";
    assert_eq!(
        problem((wide.clone() + &wide).as_bytes()),
        "the file has 10000 columns; at most 500 are possible"
    );
    assert!(problem(b"\"never closed,b\n").contains("never closed"));
}

#[test]
fn a_sample_that_ends_within_a_row_or_character_is_no_problem() {
    let mut text = "Name,Spend\n".to_owned();
    while text.len() < 1_200_000 {
        text.push_str("陳小明,12.50\n");
    }
    let inspection = seen(text.as_bytes());
    assert_eq!(inspection.format.encoding, TextEncoding::Utf8);
    assert_eq!(
        inspection.fields[1].field_type,
        FieldType::Number {
            style: NumberStyle::Point
        }
    );
}
