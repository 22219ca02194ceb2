//! Profiles to export: good ones, wide ones, and ones with the dirt real files have.

/// Profiles with an address and a first name each; `rows` of them.
pub(crate) fn people(rows: usize) -> String {
    let mut csv = "CustomerId,FirstName,EMail\n".to_owned();
    for row in 0..rows {
        csv.push_str(&format!("C{row},Ann{row},ann{row}@example.com\n"));
    }
    csv
}

/// Profiles so wide that about 7,800 fill a part.
pub(crate) fn wide_people(rows: usize) -> String {
    let wide = "x".repeat(250);
    let mut csv = "CustomerId,FirstName,EMail,Street,Street2\n".to_owned();
    for row in 0..rows {
        csv.push_str(&format!("C{row},Ann,ann{row}@example.com,{wide},{wide}\n"));
    }
    csv
}

/// What [`dirty_people`] made; units: rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Dirt {
    pub(crate) rows: u64,
    pub(crate) valid_unique: u64,
    pub(crate) duplicates: u64,
    pub(crate) no_email: u64,
    pub(crate) bad_email: u64,
    pub(crate) long_first: u64,
}

/// Profiles with the dirt real files have, and how much of it.
pub(crate) fn dirty_people(rows: usize) -> (String, Dirt) {
    let mut random = fastrand::Rng::with_seed(7);
    let mut csv = "CustomerId,FirstName,EMail\n".to_owned();
    let mut dirt = Dirt::default();
    let mut good: Vec<String> = Vec::new();
    for row in 0..rows {
        dirt.rows += 1;
        let mut name = ["James", "小明", "O'Hara, \"\"Bud\"\"", "Ann\nII", "Zoë"]
            [random.usize(..5)]
        .to_owned();
        if random.u32(..500) == 0 {
            name = "長".repeat(80);
            dirt.long_first += 1;
        }
        let fresh = format!("user.{row}@example.com");
        let email = match random.u32(..1_000) {
            0..5 => {
                dirt.no_email += 1;
                " ".to_owned()
            }
            5..15 => {
                dirt.bad_email += 1;
                let bad = [
                    "user",
                    "user@",
                    "@example.com",
                    "us er@example.com",
                    "a@@b.example",
                    "a@b..example",
                ];
                bad[random.usize(..bad.len())].to_owned()
            }
            15..25 if !good.is_empty() => {
                dirt.duplicates += 1;
                let earlier = &good[random.usize(..good.len())];
                [earlier.to_uppercase(), format!(" {earlier} ")][random.usize(..2)].clone()
            }
            _ => {
                dirt.valid_unique += 1;
                good.push(fresh.clone());
                fresh
            }
        };
        csv.push_str(&format!("C{row},\"{name}\",{email}\n"));
    }
    (csv, dirt)
}
