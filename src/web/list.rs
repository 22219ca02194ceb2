//! Lists that people search, sort and page through: what the address asks for, and the links that ask for something else.
//!
//! `q` is the search, `sort` and `dir` the order, `page` the page counted from 1. A column nobody knows gets the list in
//! its usual order, a sentence about it and status 400.

use actix_web::http::StatusCode;
use serde::Deserialize;
use url::form_urlencoded;

use super::Visit;

/// Entries on one page of a list.
pub const PAGE_ENTRIES: u64 = 50;
/// Longer searches are cut: no name is longer.
const MAX_SEARCH_CHARACTERS: usize = 200;
/// As much of an unknown column as is worth repeating.
const MAX_REPEATED_CHARACTERS: usize = 40;

/// A column a list can be sorted by.
pub trait Column: Copy + PartialEq + 'static {
    /// Every column, in the order shown.
    const ALL: &'static [Self];

    /// Name in the address.
    fn name(self) -> &'static str;

    /// Message key of its heading.
    fn label_key(self) -> &'static str;
}

/// The part of an address that every list understands.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct ListQuery {
    q: Option<String>,
    sort: Option<String>,
    dir: Option<String>,
    page: Option<u64>,
}

/// What a list shows: search, order, page, and the list's own filters.
#[derive(Clone, Debug)]
pub struct ListView<C> {
    /// Text searched for, trimmed; empty for everything.
    pub search: String,
    /// Column it is sorted by.
    pub sort: C,
    /// Whether the order is turned round.
    pub is_descending: bool,
    /// Page, counted from 1.
    pub number: u64,
    path: String,
    usual: C,
    filters: Vec<(&'static str, String)>,
    unknown: Option<String>,
}

/// The last page of a list, when the page asked for is past it. Pages count from 1.
pub fn last_if_past(number: u64, total: u64, page_entries: u64) -> Option<u64> {
    let last = total.div_ceil(page_entries).max(1);
    (number > last).then_some(last)
}

/// The heading of a column, with the link that sorts by it.
pub struct Heading {
    /// Name in the address.
    pub name: &'static str,
    /// Words.
    pub label: String,
    /// Sorts by this column, or turns the order round.
    pub href: String,
    /// Value of `aria-sort`; empty when the list is sorted otherwise.
    pub aria_sort: &'static str,
}

impl Heading {
    /// Whether the list is sorted by this column.
    pub fn is_chosen(&self) -> bool {
        !self.aria_sort.is_empty()
    }
}

/// What the pager under a list says and leads to.
pub struct Pager {
    /// "1–50 of 120".
    pub words: String,
    /// Address of the page before; empty when there is none.
    pub previous: String,
    /// Address of the next page; empty when there is none.
    pub next: String,
}

impl Pager {
    /// Whether there is more than one page.
    pub fn is_needed(&self) -> bool {
        !(self.previous.is_empty() && self.next.is_empty())
    }
}

impl<C: Column> ListView<C> {
    /// Reads an address. `filters` are the list's own parameters with their values, empty when not set; links keep them.
    pub fn read(
        path: String,
        query: &ListQuery,
        usual: C,
        filters: Vec<(&'static str, String)>,
    ) -> Self {
        let asked = query.sort.as_deref().filter(|name| !name.is_empty());
        let known = C::ALL.iter().copied();
        let sort = asked.and_then(|asked| known.into_iter().find(|column| column.name() == asked));
        let search = query.q.as_deref().unwrap_or_default();
        let search: String = search.chars().filter(|c| !c.is_control()).collect();
        Self {
            search: search.trim().chars().take(MAX_SEARCH_CHARACTERS).collect(),
            unknown: asked.filter(|_| sort.is_none()).map(|asked| {
                let shown = asked.chars().filter(|c| !c.is_control());
                shown.take(MAX_REPEATED_CHARACTERS).collect()
            }),
            sort: sort.unwrap_or(usual),
            is_descending: query.dir.as_deref() == Some("desc"),
            number: query.page.unwrap_or(1).max(1),
            path,
            usual,
            filters,
        }
    }

    /// Whether anything is searched for or filtered out.
    pub fn is_narrowed(&self) -> bool {
        !self.search.is_empty() || self.filters.iter().any(|(_, value)| !value.is_empty())
    }

    /// Goes to the last page when there are fewer, and gives the number of entries before the page.
    pub fn fit(&mut self, total: u64) -> u64 {
        if let Some(last) = last_if_past(self.number, total, PAGE_ENTRIES) {
            self.number = last;
        }
        (self.number - 1) * PAGE_ENTRIES
    }

    /// 200, or 400 when the column asked for does not exist.
    pub fn status(&self) -> StatusCode {
        match self.unknown {
            None => StatusCode::OK,
            Some(_) => StatusCode::BAD_REQUEST,
        }
    }

    /// What to say about a column that does not exist; empty when all is well.
    pub fn problem(&self, visit: &Visit) -> String {
        let Some(unknown) = &self.unknown else {
            return String::new();
        };
        visit
            .msg("web-list-unknown-column")
            .text("column", unknown.as_str())
            .text("usual", visit.t(self.usual.label_key()))
            .to_string()
    }

    /// The headings, in the order of [`Column::ALL`].
    pub fn headings(&self, visit: &Visit) -> Vec<Heading> {
        let heading = |column: &C| {
            let is_chosen = *column == self.sort;
            let is_turned = is_chosen && !self.is_descending;
            Heading {
                name: column.name(),
                label: visit.t(column.label_key()),
                href: self.link(*column, is_turned, 1),
                aria_sort: match (is_chosen, self.is_descending) {
                    (false, _) => "",
                    (true, false) => "ascending",
                    (true, true) => "descending",
                },
            }
        };
        C::ALL.iter().map(heading).collect()
    }

    /// The pager of a page with `shown` of `total` entries.
    pub fn pager(&self, visit: &Visit, shown: usize, total: u64) -> Pager {
        let before = (self.number - 1) * PAGE_ENTRIES;
        let shown = shown as u64;
        let at = |number| self.link(self.sort, self.is_descending, number);
        Pager {
            words: visit
                .msg("web-list-range")
                .num("from", if shown == 0 { 0 } else { before + 1 })
                .num("to", before + shown)
                .num("total", total)
                .to_string(),
            previous: if self.number > 1 {
                at(self.number - 1)
            } else {
                String::new()
            },
            next: if before + shown < total {
                at(self.number + 1)
            } else {
                String::new()
            },
        }
    }

    /// Address of this very list, to come back to.
    pub fn here(&self) -> String {
        self.link(self.sort, self.is_descending, self.number)
    }

    /// Address of the list without search and filters.
    pub fn cleared(&self) -> &str {
        &self.path
    }

    fn link(&self, sort: C, is_descending: bool, number: u64) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        if !self.search.is_empty() {
            query.append_pair("q", &self.search);
        }
        for (name, value) in self.filters.iter().filter(|(_, value)| !value.is_empty()) {
            query.append_pair(name, value);
        }
        if sort != self.usual || is_descending {
            query.append_pair("sort", sort.name());
        }
        if is_descending {
            query.append_pair("dir", "desc");
        }
        if number > 1 {
            query.append_pair("page", &number.to_string());
        }
        match query.finish() {
            query if query.is_empty() => self.path.clone(),
            query => format!("{}?{query}", self.path),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Copy, Debug, PartialEq)]
    enum Letter {
        A,
        B,
    }

    impl Column for Letter {
        const ALL: &'static [Self] = &[Self::A, Self::B];

        fn name(self) -> &'static str {
            match self {
                Self::A => "a",
                Self::B => "b",
            }
        }

        fn label_key(self) -> &'static str {
            "letter"
        }
    }

    fn view(query: &str) -> ListView<Letter> {
        let query = actix_web::web::Query::<ListQuery>::from_query(query).unwrap();
        let filters = vec![("state", "x&y".to_owned()), ("other", String::new())];
        ListView::read("/list".into(), &query, Letter::A, filters)
    }

    #[test]
    fn links_keep_search_filters_and_order() {
        let here = view("q=+a%26b%00+&sort=b&dir=desc&page=3");
        assert_eq!(here.search, "a&b");
        assert_eq!(
            here.here(),
            "/list?q=a%26b&state=x%26y&sort=b&dir=desc&page=3"
        );
        assert_eq!(view("").here(), "/list?state=x%26y");
        assert_eq!(
            view("sort=a&dir=desc").here(),
            "/list?state=x%26y&sort=a&dir=desc"
        );
    }

    #[test]
    fn a_page_past_the_end_is_the_last_one() {
        let mut far = view("page=18446744073709551615");
        assert_eq!(far.fit(101), 100);
        assert_eq!(far.number, 3);
        let mut none = view("page=2");
        assert_eq!((none.fit(0), none.number), (0, 1));
    }

    #[test]
    fn an_unknown_column_is_told_and_the_usual_order_taken() {
        let odd = view("sort=a;+DROP+TABLE");
        assert_eq!(
            (odd.sort, odd.status()),
            (Letter::A, StatusCode::BAD_REQUEST)
        );
        assert_eq!(view("sort=").status(), StatusCode::OK);
    }
}
