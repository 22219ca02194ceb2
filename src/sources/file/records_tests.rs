use super::*;
use crate::sources::file::TextEncoding;

/// All steps as `line:cell|cell` or `line!reason`.
fn steps(bytes: &[u8]) -> Vec<String> {
    let stream = TextStream::new(bytes, TextEncoding::Utf8);
    let mut reader = RecordReader::new(stream, b',');
    let mut steps = Vec::new();
    loop {
        steps.push(match reader.next().unwrap() {
            Step::Record(record) => {
                let cells: Vec<_> = record.cells().collect();
                format!("{}:{}", record.line, cells.join("|"))
            }
            Step::Refused { line, reason } => format!("{line}!{reason:?}"),
            Step::End => return steps,
        });
    }
}

#[test]
fn records_know_their_line_with_every_line_end() {
    assert_eq!(
        steps(b"a,b\n1,2\n\n3,\"x\ny\"\n4,5"),
        ["1:a|b", "2:1|2", "4:3|x\ny", "6:4|5"]
    );
    assert_eq!(
        steps(b"a,b\r\n1,2\r\n\r\n3,4\r\n"),
        ["1:a|b", "2:1|2", "4:3|4"]
    );
    assert_eq!(steps(b"a,b\r1,2\r3,4"), ["1:a|b", "2:1|2", "3:3|4"]);
    assert_eq!(steps(b"\n\n"), Vec::<String>::new());
    assert_eq!(steps(b""), Vec::<String>::new());
}

#[test]
fn quotes_are_read_as_spreadsheets_write_them() {
    assert_eq!(
        steps(b"\"a\"\"b\",\"c,d\",5\" pipe\n\"\",,\"x\""),
        ["1:a\"b|c,d|5\" pipe", "2:||x"]
    );
}

#[test]
fn an_unclosed_quote_refuses_its_line_and_no_other() {
    assert_eq!(
        steps(b"a,b\n1,\"open\n2,x\n3,y\n"),
        ["1:a|b", "2!UnclosedQuote", "3:2|x", "4:3|y"]
    );
    assert_eq!(steps(b"a,b\n1,\"open"), ["1:a|b", "2!UnclosedQuote"]);
}

#[test]
fn an_unclosed_quote_in_a_long_file_is_given_up_within_bounds() {
    let mut file = b"a,b\n1,\"open\n".to_vec();
    let row = [b"2,".as_slice(), &[b'x'; 4_000], b"\n"].concat();
    let rows = MAX_RECORD_BYTES / row.len() + 10;
    for _ in 0..rows {
        file.extend_from_slice(&row);
    }
    let steps = steps(&file);
    assert_eq!(steps[1], "2!UnclosedQuote");
    assert_eq!(steps.len(), rows + 2);
}

#[test]
fn lines_without_end_are_refused_and_passed_over() {
    let mut file = b"a,b\n".to_vec();
    file.resize(MAX_RECORD_BYTES * 2, b'x');
    file.extend_from_slice(b"\n1,2\n");
    assert_eq!(steps(&file), ["1:a|b", "2!RowTooLong", "3:1|2"]);
}

#[test]
fn cells_of_a_mebibyte_are_refused() {
    let file = |length| format!("a,b\n1,\"{}\"\n2,x\n", "x".repeat(length)).into_bytes();
    assert_eq!(
        steps(&file(MAX_CELL_BYTES))[1..],
        ["2!CellTooLong", "3:2|x"]
    );
    assert_eq!(steps(&file(MAX_CELL_BYTES - 1)).len(), 3);
    assert!(steps(&file(MAX_CELL_BYTES - 1))[1].starts_with("2:1|xxx"));
}

#[test]
fn rows_of_invalid_text_are_refused() {
    assert_eq!(
        steps(b"a,b\n\xff,x\n\xc3,\xa9\nc\0d,x\n\xc3\xa9,x\n"),
        [
            "1:a|b",
            "2!InvalidText",
            "3!InvalidText",
            "4!NulByte",
            "5:\u{e9}|x"
        ]
    );
}

#[test]
fn whatever_the_bytes_reading_ends_and_well_formed_files_come_back() {
    let mut random = fastrand::Rng::with_seed(17);
    let pieces: [&[u8]; 12] = [
        b"a",
        b"\"",
        b"\"\"",
        b",",
        b"\n",
        b"\r\n",
        b"\r",
        b"\xff",
        b"\0",
        b"\xc3\xa9",
        b" ",
        b"x,\"y\"\n",
    ];
    for _ in 0..3_000 {
        let length = random.usize(0..30);
        let bytes: Vec<u8> = (0..length)
            .flat_map(|_| pieces[random.usize(0..12)].to_vec())
            .collect();
        let _ = steps(&bytes);
    }
    let cells = ["", "a", "a,b", "line\nbreak", "q\"uote", "é", "  ", "\r\n"];
    for _ in 0..2_000 {
        let rows: Vec<Vec<&str>> = (0..random.usize(1..6))
            .map(|_| {
                (0..2)
                    .map(|_| cells[random.usize(0..cells.len())])
                    .collect()
            })
            .collect();
        let mut writer = csv::Writer::from_writer(Vec::new());
        rows.iter()
            .for_each(|row| writer.write_record(row).unwrap());
        let bytes = writer.into_inner().unwrap();
        let read: Vec<String> = steps(&bytes)
            .iter()
            .map(|s| s.split_once(':').unwrap().1.to_owned())
            .collect();
        let written: Vec<String> = rows.iter().map(|row| row.join("|")).collect();
        assert_eq!(read, written, "{:?}", String::from_utf8_lossy(&bytes));
    }
}
