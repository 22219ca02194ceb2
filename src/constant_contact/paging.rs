//! Listings are read page by page, lazily, by following the link to the next page until there is none.
//!
//! Bounded: a listing that comes back to a page it has shown, or has more pages than its limit, is an error and never
//! a short answer, since "not in the listing" may decide that something is sent again.

use std::collections::HashSet;

use url::Url;

use super::client::{ApiClient, Call};
use super::error::ClientError;
use super::refusal::SupportIds;
use super::secrets::AccessToken;
use super::wire::PageParts;

pub(super) type ReadPage<T> = fn(&[u8]) -> serde_json::Result<PageParts<T>>;

/// The pages of one listing, still to be read. One request for each page.
pub struct Pages<'a, T> {
    api: &'a ApiClient,
    token: &'a AccessToken,
    template: &'static str,
    next: Option<Url>,
    seen: HashSet<Url>,
    max_pages: usize,
    read: ReadPage<T>,
}

impl<'a, T> Pages<'a, T> {
    pub(super) fn new(
        api: &'a ApiClient,
        token: &'a AccessToken,
        template: &'static str,
        first: Url,
        max_pages: usize,
        read: ReadPage<T>,
    ) -> Self {
        Self {
            api,
            token,
            template,
            next: Some(first),
            seen: HashSet::new(),
            max_pages,
            read,
        }
    }

    /// The items of the next page, or nothing after the last. After an error of temporary kind the same page may be asked
    /// for again.
    ///
    /// # Errors
    /// Any [`ClientError`]; [`ClientError::Unreadable`] when the paging itself is wrong.
    pub async fn next_page(&mut self) -> Result<Option<Vec<T>>, ClientError> {
        let Some(url) = self.next.clone() else {
            return Ok(None);
        };
        if self.seen.len() >= self.max_pages {
            return Err(wrong_paging(format!("more than {} pages", self.max_pages)));
        }
        let call = Call::get(self.template, url.clone());
        let (items, next) = self.api.call_reading(self.token, call, self.read).await?;
        self.seen.insert(url);
        self.next = match next {
            None => None,
            Some(href) => {
                let next = self
                    .api
                    .follow(&href)
                    .map_err(|why| wrong_paging(why.to_owned()))?;
                if self.seen.contains(&next) {
                    return Err(wrong_paging(
                        "a page that links back to an earlier one".to_owned(),
                    ));
                }
                Some(next)
            }
        };
        Ok(Some(items))
    }

    /// The items of all pages.
    ///
    /// # Errors
    /// As [`Pages::next_page`]; then nothing is returned.
    pub async fn collect(mut self) -> Result<Vec<T>, ClientError> {
        let mut all = Vec::new();
        while let Some(items) = self.next_page().await? {
            all.extend(items);
        }
        Ok(all)
    }
}

fn wrong_paging(why: String) -> ClientError {
    ClientError::Unreadable {
        status: 200,
        why,
        support: SupportIds::default(),
    }
}
