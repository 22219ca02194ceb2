use std::collections::{BTreeMap, HashSet};

use super::*;
use crate::exports::{Attribute, Brake};
use crate::profiles::value::DateOrder;
use uuid::Uuid;

const SMALL: PartLimits = PartLimits {
    rows: 3,
    bytes: 4_000,
};

fn field(name: &str, field_type: FieldType) -> Field {
    Field {
        name: name.to_owned(),
        field_type,
        semantic: None,
    }
}

fn definition(attributes: &[(&str, &str)]) -> ExportDefinition {
    ExportDefinition {
        name: "Newsletter".to_owned(),
        connection_id: None,
        list_id: Uuid::nil().into(),
        list_name: None,
        source_id: Uuid::nil(),
        email_field: "EMail".to_owned(),
        attributes: attributes
            .iter()
            .map(|(target, field)| Attribute {
                target: target.parse().unwrap(),
                field: (*field).to_owned(),
            })
            .collect(),
        segment_ids: vec![Uuid::nil()],
        brake: Brake::OFF,
        delivery: Default::default(),
    }
}

/// Plans rows of text fields given as `EMail` and one value per attribute.
fn plan(attributes: &[&str], rows: &[&[&str]]) -> (Vec<String>, Totals) {
    let pairs: Vec<(&str, &str)> = attributes.iter().map(|target| (*target, *target)).collect();
    let mut fields = vec![field("EMail", FieldType::Text)];
    fields.extend(attributes.iter().map(|name| field(name, FieldType::Text)));
    let layout = Layout::new(&definition(&pairs), &fields).unwrap();
    let mut planner = Planner::new(&layout, SMALL, 10);
    let mut parts = Vec::new();
    for (number, row) in (1..).zip(rows) {
        if let Some((part, until_then)) = planner.push(number, |index| row[layout.columns()[index]])
        {
            parts.push(part);
            let rows: u32 = parts.iter().map(|part| part.rows).sum();
            assert_eq!(until_then.sent, u64::from(rows));
        }
    }
    let (last, totals) = planner.finish();
    parts.extend(last);
    let texts = parts
        .iter()
        .map(|part| String::from_utf8(part.csv.to_vec()).unwrap());
    (texts.collect(), totals)
}

#[test]
fn rows_are_cleaned_judged_and_deduplicated_in_order() {
    let long = "x".repeat(60);
    let (parts, totals) = plan(
        &["first_name", "cf:note"],
        &[
            &[" Ann@Example.com ", "Ann\nII", "a, \"b\""],
            &["", "Nobody", ""],
            &["not an address", &long, ""],
            &["ann@example.COM", "Second", ""],
            &["bob@example.com", &long, &long],
            &["cid@example.com", "", ""],
            &["dan@example.com", "=1+1", ""],
        ],
    );
    assert_eq!(
        parts,
        [
            format!(
                "email,first_name,cf:note\nAnn@Example.com,Ann II,\"a, \"\"b\"\"\"\nbob@example.com,{},{long}\ncid@example.com,,\n",
                &long[..50]
            ),
            "email,first_name,cf:note\ndan@example.com,=1+1,\n".to_owned(),
        ]
    );
    assert_eq!(
        (totals.read, totals.sent, totals.duplicates, totals.adjusted),
        (7, 4, 1, 2)
    );
    assert_eq!(totals.rejected.of(Rejection::EmailMissing), 1);
    assert_eq!(totals.rejected.of(Rejection::EmailMalformed), 1);
}

#[test]
fn dates_are_sent_in_one_form_and_birthdays_whole() {
    let (parts, totals) = plan(
        &["anniversary", "birthday_day", "birthday_month"],
        &[
            &["a@example.com", "5/31/2024", "7", "12"],
            &["b@example.com", "", "1980-05-31", "1980-05-31"],
            &["c@example.com", "someday", "", ""],
            &["c@example.com", "", "", ""],
            &["d@example.com", "", "31", ""],
            &["e@example.com", "", "32", "1"],
        ],
    );
    assert_eq!(
        parts.concat(),
        "email,anniversary,birthday_day,birthday_month\na@example.com,2024-05-31,7,12\nb@example.com,,31,5\nc@example.com,,,\n"
    );
    assert_eq!(totals.rejected.of(Rejection::AnniversaryNotADate), 1);
    assert_eq!(totals.rejected.of(Rejection::BirthdayIncomplete), 2);
    assert_eq!(
        totals.duplicates, 0,
        "a rejected row does not use up its address"
    );
}

#[test]
fn a_date_field_is_read_in_its_own_order() {
    let order = DateOrder::DayMonthYear;
    let fields = [
        field("Since", FieldType::Date { order }),
        field("EMail", FieldType::Text),
    ];
    let layout = Layout::new(&definition(&[("anniversary", "Since")]), &fields).unwrap();
    assert_eq!(layout.columns(), [1, 0]);
    let mut planner = Planner::new(&layout, SMALL, 1);
    let row = ["a@example.com", "05/11/2020"];
    assert!(planner.push(1, |index| row[index]).is_none());
    let part = planner.finish().0.unwrap();
    assert_eq!(part.csv, "email,anniversary\na@example.com,2020-11-05\n");
}

#[test]
fn a_date_for_a_date_field_of_the_account_is_sent_as_the_vendor_writes_dates() {
    let order = DateOrder::DayMonthYear;
    let fields = [
        field("EMail", FieldType::Text),
        field("Since", FieldType::Date { order }),
        field("Note", FieldType::Text),
    ];
    let pairs = [
        ("cf:since", "Since"),
        ("cf:text", "Since"),
        ("cf:note", "Note"),
    ];
    let mut definition = definition(&pairs);
    for (attribute, is_date) in definition.attributes.iter_mut().zip([true, false, true]) {
        let crate::exports::Target::Custom(custom) = &mut attribute.target else {
            panic!("a custom field");
        };
        custom.is_date = is_date;
    }
    let layout = Layout::new(&definition, &fields).unwrap();
    let mut planner = Planner::new(&layout, SMALL, 2);
    for (number, day) in (1..).zip(["05/11/2020", "soon"]) {
        let row = [
            format!("{number}@example.com"),
            day.into(),
            "06/12/2021".into(),
        ];
        let part = planner.push(number, |index| &row[layout.columns()[index]]);
        assert!(part.is_none());
    }
    let part = planner.finish().0.unwrap();
    assert_eq!(
        part.csv,
        "email,cf:since,cf:text,cf:note\n1@example.com,2020-11-05,05/11/2020,06/12/2021\n2@example.com,soon,soon,06/12/2021\n"
    );
}

#[test]
fn every_missing_field_is_named_once() {
    let attributes = [
        ("first_name", "Given"),
        ("last_name", "Given"),
        ("city", "City"),
    ];
    let missing = Layout::new(&definition(&attributes), &[field("City", FieldType::Text)]);
    assert_eq!(
        missing.unwrap_err(),
        MissingFields(vec!["EMail".to_owned(), "Given".to_owned()])
    );
}

#[test]
fn random_profiles_are_all_accounted_for_and_planned_the_same_twice() {
    let mut random = fastrand::Rng::with_seed(11);
    for _ in 0..100 {
        let rows: Vec<[String; 2]> = (0..random.usize(..300))
            .map(|_| {
                let email = match random.u8(..10) {
                    0 => String::new(),
                    1 => "bad@".to_owned(),
                    2 => format!(" USER{}@Example.com", random.u8(..50)),
                    _ => format!("user{}@example.com", random.u8(..200)),
                };
                let noise = ["a", ",", "\"", "\n", "小", "\r\n", " ", "\u{2028}"];
                let name = (0..random.usize(..70)).map(|_| noise[random.usize(..noise.len())]);
                [email, name.collect()]
            })
            .collect();
        let texts: Vec<Vec<&str>> = rows
            .iter()
            .map(|row| row.iter().map(String::as_str).collect())
            .collect();
        let rows: Vec<&[&str]> = texts.iter().map(Vec::as_slice).collect();
        let (parts, totals) = plan(&["first_name"], &rows);
        assert_eq!(
            totals.read,
            totals.sent + totals.duplicates + totals.rejected.total()
        );
        assert_eq!((parts.clone(), totals), plan(&["first_name"], &rows));
        let mut received = BTreeMap::new();
        for part in &parts {
            assert!(part.lines().count() <= SMALL.rows as usize + 1);
            let mut reader = csv::Reader::from_reader(part.as_bytes());
            for record in reader.records() {
                let record = record.unwrap();
                let previous = received.insert(record[0].to_lowercase(), record[1].to_owned());
                assert_eq!(previous, None, "sent twice");
            }
        }
        assert_eq!(received.len() as u64, totals.sent);
        let mut seen = HashSet::new();
        for row in rows {
            let email = row[0].trim().to_lowercase();
            if check_email(&email).is_ok() && seen.insert(email.clone()) {
                let expected = cut(&clean(row[1]), 50).to_owned();
                assert_eq!(received.get(&email), Some(&expected));
            }
        }
    }
}
