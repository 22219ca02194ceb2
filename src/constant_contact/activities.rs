//! Background jobs of Constant Contact: how far they are, and whether one for a given file exists.

use super::client::{ApiClient, Call};
use super::error::ClientError;
use super::limits::ACTIVITIES_PER_PAGE;
use super::paging::Pages;
use super::secrets::AccessToken;
use super::wire::{Activity, ActivityId, read_activities_page};

/// The most pages read in one search: 50,000 activities, where 10 days hold at most 100,000 requests of any kind.
const MAX_PAGES: usize = 100;

impl ApiClient {
    /// The activities of the last 10 days, 500 a page, in no documented order (`getActivityStatusCollection`).
    ///
    /// Usually one page is enough to poll every part of a run; stop when all wanted ones have been seen.
    pub fn activities<'a>(&'a self, token: &'a AccessToken) -> Pages<'a, Activity> {
        let limit = ACTIVITIES_PER_PAGE.to_string();
        let first = self.url(&["activities"], &[("limit", &limit)]);
        Pages::new(
            self,
            token,
            "/activities",
            first,
            MAX_PAGES,
            read_activities_page,
        )
    }

    /// The activity that a file of this name started, if there is one; what to ask after an unclear upload.
    ///
    /// "None" means that every page has been read. A job that has just been queued may not be listed yet: the vendor
    /// documents no delay, so ask again after a moment before sending again.
    ///
    /// # Errors
    /// Any [`ClientError`]; never "none" for a search that was cut short.
    pub async fn find_activity_by_file_name(
        &self,
        token: &AccessToken,
        source_file_name: &str,
    ) -> Result<Option<Activity>, ClientError> {
        let mut pages = self.activities(token);
        while let Some(activities) = pages.next_page().await? {
            let found = activities
                .into_iter()
                .find(|activity| activity.source_file_name.as_deref() == Some(source_file_name));
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// One activity (`getActivity`).
    ///
    /// # Errors
    /// [`ClientError::NotFound`] for an unknown one, or one older than 10 days; and any other.
    pub async fn get_activity(
        &self,
        token: &AccessToken,
        id: &ActivityId,
    ) -> Result<Activity, ClientError> {
        let url = self.url(&["activities", id.as_str()], &[]);
        self.call(token, Call::get("/activities/{activity_id}", url))
            .await
    }
}
