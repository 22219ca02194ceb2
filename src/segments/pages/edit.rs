//! The condition builder: `/segments/new` and `/segments/{id}` for people who may change segments.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Form, Path};
use sea_orm::{DatabaseConnection, TransactionTrait};
use uuid::Uuid;

use super::builder::{ConditionRow, EditPage, FieldChoice, Focus, Outcome, SourceChoice};
use super::{author, describe_count_error, open_segment, view};
use crate::auth::{self, Permission};
use crate::segments::form::{self, Action, SegmentForm, TypedCondition};
use crate::segments::store::{self, Segment, SegmentDefinition, StoreError};
use crate::segments::words;
use crate::segments::{Combine, MAX_CONDITIONS, Members, Rule};
use crate::sources::{self, Source};
use crate::web::{self, FieldErrors, PageError, SignedIn, paths};

type Pairs = Form<Vec<(String, String)>>;

/// `GET /segments/new`.
pub(super) async fn new(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    members: Data<Members>,
) -> Result<HttpResponse, PageError> {
    visit.require(Permission::EditSegments)?;
    let desk = Desk::for_new(visit, db, members).await?;
    desk.act(SegmentForm::default()).await
}

/// `POST /segments/new`.
pub(super) async fn create(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    members: Data<Members>,
    pairs: Pairs,
) -> Result<HttpResponse, PageError> {
    visit.require(Permission::EditSegments)?;
    let desk = Desk::for_new(visit, db, members).await?;
    desk.act(SegmentForm::read(pairs.into_inner())).await
}

/// `GET /segments/{id}`: the form, or the segment in words for people who may not change it.
pub(super) async fn open(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    members: Data<Members>,
    id: Path<Uuid>,
) -> Result<HttpResponse, PageError> {
    let (segment, source) = open_segment(&**db, *id).await?;
    if !visit.user.role.may(Permission::EditSegments) {
        return view::draw(&visit, &db, segment, source).await;
    }
    let mut form = SegmentForm {
        name: segment.name.clone(),
        version: segment.version,
        ..SegmentForm::default()
    };
    // A rule the form cannot show stays as it is.
    let _ = form.fill(&segment.rule);
    let desk = Desk::for_saved(visit, db, members, segment, source);
    desk.open(form)
}

/// `POST /segments/{id}`. When somebody removed the segment meanwhile, what was typed is shown as a new one.
pub(super) async fn save(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    members: Data<Members>,
    id: Path<Uuid>,
    pairs: Pairs,
) -> Result<HttpResponse, PageError> {
    visit.require(Permission::EditSegments)?;
    let form = SegmentForm::read(pairs.into_inner());
    match open_segment(&**db, *id).await {
        Ok((segment, source)) => {
            let desk = Desk::for_saved(visit, db, members, segment, source);
            desk.act(form).await
        }
        Err(PageError::NotFound) if form.version > 0 => {
            Desk::for_new(visit, db, members).await?.tell_removed(form)
        }
        Err(error) => Err(error),
    }
}

/// One request of the builder.
struct Desk {
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    members: Data<Members>,
    saved: Option<Segment>,
    /// Sources to choose from: those with profiles, or the one of the saved segment.
    sources: Vec<Source>,
}

impl Desk {
    async fn for_new(
        visit: SignedIn,
        db: Data<DatabaseConnection>,
        members: Data<Members>,
    ) -> Result<Self, PageError> {
        let mut sources = sources::store::list(&**db)
            .await
            .map_err(PageError::internal)?;
        sources.retain(|source| source.current.is_some());
        Ok(Self {
            visit,
            db,
            members,
            saved: None,
            sources,
        })
    }

    fn for_saved(
        visit: SignedIn,
        db: Data<DatabaseConnection>,
        members: Data<Members>,
        segment: Segment,
        source: Source,
    ) -> Self {
        Self {
            visit,
            db,
            members,
            saved: Some(segment),
            sources: vec![source],
        }
    }

    /// The chosen source; the first one when there is no choice.
    fn source(&self, form: &SegmentForm) -> Option<&Source> {
        if self.saved.is_some() || self.sources.len() == 1 {
            return self.sources.first();
        }
        self.sources
            .iter()
            .find(|source| Some(source.id) == form.source)
    }

    /// The stored rule, when the form cannot show it.
    fn locked_rule(&self) -> Option<&Rule> {
        let segment = self.saved.as_ref()?;
        segment.rule.as_flat().is_none().then_some(&segment.rule)
    }

    /// Shows a saved segment, with what is wrong with it by now.
    fn open(&self, form: SegmentForm) -> Result<HttpResponse, PageError> {
        let mut outcome = Outcome::fine(Focus::Nowhere);
        self.check_rule(&form, &mut outcome.errors);
        self.draw(form, outcome)
    }

    /// Does what the pressed button asks for.
    async fn act(&self, mut form: SegmentForm) -> Result<HttpResponse, PageError> {
        match form.action {
            Action::Show => {
                // The page without a source shows no condition, and sends none.
                if self.saved.is_none() && form.conditions.is_empty() {
                    form.conditions.push(TypedCondition::default());
                }
                self.draw(form, Outcome::fine(Focus::Nowhere))
            }
            Action::Add => {
                let mut focus = Focus::Nowhere;
                if form.conditions.len() < MAX_CONDITIONS {
                    focus = Focus::Condition(form.conditions.len());
                    form.conditions.push(TypedCondition::default());
                }
                self.draw(form, Outcome::fine(focus))
            }
            Action::Remove(index) => {
                form.conditions.remove(index);
                self.draw(form, Outcome::fine(Focus::Add))
            }
            Action::Count => self.count(form).await,
            Action::Save => self.save(form).await,
        }
    }

    /// The source and rule typed, if they go together; otherwise adds what is wrong.
    fn check_rule(&self, form: &SegmentForm, errors: &mut FieldErrors) -> Option<(Uuid, Rule)> {
        let Some(source) = self.source(form) else {
            errors.add("source", self.visit.t("segments-problem-source"));
            return None;
        };
        let (lang, today) = (self.visit.lang, self.members.today());
        let Some(rule) = self.locked_rule() else {
            let rule = form.check_rule(lang, source.fields(), today, errors)?;
            return Some((source.id, rule));
        };
        for problem in rule
            .compile(source.fields(), today)
            .err()
            .unwrap_or_default()
        {
            let message = form::describe(lang, problem.condition + 1, &problem);
            errors.add("", message);
        }
        Some((source.id, rule.clone()))
    }

    async fn count(&self, form: SegmentForm) -> Result<HttpResponse, PageError> {
        let mut errors = FieldErrors::default();
        let checked = self.check_rule(&form, &mut errors);
        let Some((source_id, rule)) = checked.filter(|_| errors.is_empty()) else {
            return self.draw(form, Outcome::refused(errors));
        };
        match self.members.count_rule(source_id, &rule).await {
            Ok((_, members)) => {
                let source = self
                    .source(&form)
                    .and_then(|source| source.current.as_ref());
                let message = self.visit.msg("segments-counted");
                let outcome = Outcome {
                    counted: message
                        .num("count", members)
                        .num("total", source.map_or(members, |snapshot| snapshot.rows))
                        .to_string(),
                    ..Outcome::fine(Focus::Count)
                };
                self.draw(form, outcome)
            }
            Err(error) => {
                let reason = describe_count_error(&self.visit, error)?;
                self.draw(form, Outcome::refused(FieldErrors::one("", reason)))
            }
        }
    }

    async fn save(&self, form: SegmentForm) -> Result<HttpResponse, PageError> {
        let visit = &self.visit;
        let mut errors = FieldErrors::default();
        let name = form.check_name(visit.lang, &mut errors);
        // A rule the form cannot show may be renamed even when it does not fit the source any more.
        let mut rule_errors = FieldErrors::default();
        let rule = self.check_rule(&form, &mut rule_errors);
        if self.locked_rule().is_none() {
            for (field, message) in rule_errors.iter() {
                errors.add(field, message);
            }
        }
        let (Some(name), Some((source_id, rule)), true) = (name, rule, errors.is_empty()) else {
            return self.draw(form, Outcome::refused(errors));
        };
        let definition = SegmentDefinition {
            name,
            source_id,
            rule,
        };
        match self.store(&definition, form.version).await {
            Ok(segment) => self.finish(segment).await,
            Err(StoreError::NameTaken) => {
                let errors = FieldErrors::one("name", visit.t("segments-problem-name-taken"));
                self.draw(form, Outcome::refused(errors))
            }
            Err(StoreError::Changed(now)) => self.tell_of_change(form, *now).await,
            Err(error) => Err(error.into()),
        }
    }

    async fn store(
        &self,
        definition: &SegmentDefinition,
        version: i32,
    ) -> Result<Segment, StoreError> {
        let author = author(&self.visit);
        let transaction = self.db.begin().await?;
        let segment = match &self.saved {
            None => store::create(&transaction, definition, &author).await?,
            Some(saved) => {
                store::update(&transaction, saved.id, version, definition, &author).await?
            }
        };
        transaction.commit().await?;
        Ok(segment)
    }

    /// Counts the members of what has just been saved and goes back to the list.
    async fn finish(&self, segment: Segment) -> Result<HttpResponse, PageError> {
        let visit = &self.visit;
        match self.members.count(&segment).await {
            Ok(count) => {
                let message = visit.msg("segments-saved").text("name", segment.name);
                visit.flash_success(message.num("count", count.members).to_string());
            }
            Err(error) => {
                let reason = describe_count_error(visit, error)?;
                let message = visit.msg("segments-saved-not-counted");
                let message = message.text("name", segment.name).text("reason", reason);
                visit.flash_warning(message.to_string());
            }
        }
        Ok(web::see_other(&paths::segments()))
    }

    /// Somebody else saved first: nothing is overwritten unless this person saves once more.
    async fn tell_of_change(
        &self,
        mut form: SegmentForm,
        now: Segment,
    ) -> Result<HttpResponse, PageError> {
        let names = auth::store::names(&**self.db, now.updated_by).await?;
        let who = now.updated_by.and_then(|id| names.get(&id).cloned());
        let message = self.visit.msg("segments-conflict");
        let outcome = Outcome {
            status: StatusCode::CONFLICT,
            conflict: message
                .text(
                    "who",
                    who.unwrap_or_else(|| self.visit.t("segments-by-command-line")),
                )
                .to_string(),
            ..Outcome::fine(Focus::Nowhere)
        };
        form.version = now.version;
        self.draw(form, outcome)
    }

    /// Somebody removed the segment: what was typed becomes a new one if this person saves once more.
    fn tell_removed(&self, mut form: SegmentForm) -> Result<HttpResponse, PageError> {
        form.version = 0;
        let outcome = Outcome {
            status: StatusCode::CONFLICT,
            conflict: self.visit.t("segments-conflict-removed"),
            ..Outcome::fine(Focus::Nowhere)
        };
        self.draw(form, outcome)
    }

    fn draw(&self, form: SegmentForm, outcome: Outcome) -> Result<HttpResponse, PageError> {
        let source = self.source(&form);
        let fields = source.map_or(&[][..], Source::fields);
        let rows = form.conditions.into_iter().enumerate();
        let page = EditPage {
            page: self.visit.page("segments"),
            saved_name: self
                .saved
                .as_ref()
                .map(|segment| segment.name.clone())
                .unwrap_or_default(),
            action: match &self.saved {
                Some(segment) => paths::segment(segment.id),
                None => paths::new_segment(),
            },
            errors: outcome.errors,
            conflict: outcome.conflict,
            name: form.name,
            version: form.version,
            sources: self
                .sources
                .iter()
                .map(|choice| SourceChoice {
                    id: choice.id,
                    name: choice.name.clone(),
                    is_chosen: source.is_some_and(|source| source.id == choice.id),
                })
                .collect(),
            source: source.map(|source| source.name.clone()).unwrap_or_default(),
            is_or: form.combine == Combine::Or,
            may_add: rows.len() < MAX_CONDITIONS,
            rows: rows
                .map(|(index, typed)| ConditionRow::new(index, typed, fields))
                .collect(),
            fields: fields
                .iter()
                .map(|field| FieldChoice {
                    name: field.name.clone(),
                    type_name: field.field_type.name(),
                    type_key: form::type_key(field.field_type),
                })
                .collect(),
            focus: outcome.focus,
            counted: outcome.counted,
            locked: self
                .locked_rule()
                .map(|rule| words::lines(self.visit.lang, rule)),
        };
        web::render_with(outcome.status, &page)
    }
}
