//! Which addresses and dates the simulated vendor takes for well-formed.

/// Whether `text` is an e-mail address in the plain form that mailing services take.
///
/// One `@`; letters, digits and ``.!#$%&'*+/=?^_`{|}~-`` before it, no dot at an end or doubled; a domain of at least
/// two labels after it. ASCII only. The vendor's rules are unpublished (an assumption of the module page).
pub(super) fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else {
        return false;
    };
    let is_local_byte =
        |byte: u8| byte.is_ascii_alphanumeric() || b".!#$%&'*+/=?^_`{|}~-".contains(&byte);
    let is_local = (1..=64).contains(&local.len())
        && local.bytes().all(is_local_byte)
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..");
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    is_local && domain.contains('.') && domain.split('.').all(is_label)
}

/// Whether `text` is a date in one of the published forms: year first or last, `/` or `-`, no padding needed.
pub(super) fn is_date(text: &str) -> bool {
    let separator = if text.contains('/') { '/' } else { '-' };
    let mut pieces = text.split(separator);
    let (Some(first), Some(second), Some(third), None) =
        (pieces.next(), pieces.next(), pieces.next(), pieces.next())
    else {
        return false;
    };
    let (year, month, day) = if first.len() == 4 {
        (first, second, third)
    } else {
        (third, first, second)
    };
    let digits = |text: &str, most: usize| {
        let is_number =
            (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| text.parse().ok()).flatten()
    };
    let (Some(year), Some(month), Some(day)) = (digits(year, 4), digits(month, 2), digits(day, 2))
    else {
        return false;
    };
    let month = i8::try_from(month).unwrap_or(0);
    let day = i8::try_from(day).unwrap_or(0);
    year >= 1_000 && jiff::civil::Date::new(year, month, day).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        for good in [
            "a@b.co",
            "o'hara+x@mail.example.com",
            "x_y-z@sub-domain.example",
        ] {
            assert!(is_email(good), "{good}");
        }
        for bad in [
            "",
            "a",
            "a@b",
            "@b.co",
            "a@",
            "a b@c.co",
            "a@b..co",
            ".a@b.co",
            "a.@b.co",
            "a..b@c.co",
            "a@b@c.co",
            "zoë@example.com",
            "a@-b.co",
            "a@b.co,",
            "<a@b.co>",
        ] {
            assert!(!is_email(bad), "{bad}");
        }
    }

    #[test]
    fn dates() {
        for good in [
            "11/15/2006",
            "1/5/2006",
            "2006/11/15",
            "2006/1/5",
            "2006-11-15",
            "2006-1-5",
            "1-5-2006",
            "1-15-2006",
        ] {
            assert!(is_date(good), "{good}");
        }
        for bad in [
            "15/11/2006",
            "2006-02-30",
            "06-1-5",
            "2006",
            "yesterday",
            "2006-11-15T00:00",
            "1/5/06",
            "1.5.2006",
        ] {
            assert!(!is_date(bad), "{bad}");
        }
    }
}
