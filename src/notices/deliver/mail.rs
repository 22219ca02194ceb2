//! Mail: one message to one person, in their language and zone.

use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MessageBuilder};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use secrecy::ExposeSecret;
use uuid::Uuid;

use super::outbox::{Delivery, Event};
use super::{Problem, headline};
use crate::auth::CurrentUser;
use crate::config::Settings;
use crate::notices::settings::{Security, Smtp};
use crate::storage::MasterKey;
use crate::tls;
use crate::web::paths;

/// A server has this long for each of its answers.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(15);

/// The mail about a delivery.
pub(super) fn of_notice(
    settings: &Settings,
    smtp: &Smtp,
    reader: &CurrentUser,
    delivery: &Delivery,
    now: Timestamp,
) -> Result<Message, Problem> {
    let lang = reader.lang.unwrap_or_default();
    let zone = reader.time_zone.clone().unwrap_or(TimeZone::UTC);
    let notice = &delivery.notice;
    let title = headline(delivery, lang);
    let (key, at) = match delivery.event {
        Event::Opened => ("notices-mail-since", notice.opened_at),
        Event::Recovered => (
            "notices-mail-over",
            notice.resolved_at.unwrap_or(notice.last_at),
        ),
    };
    let mut lines = vec![title.clone(), String::new()];
    if delivery.event == Event::Opened {
        lines.push(notice.reason(lang, &zone));
    }
    let when = lang.msg(key).text("date", lang.exact_time(at, &zone));
    lines.push(when.to_string());
    lines.push(settings.public(&notice.path()));
    let foot = lang
        .msg("notices-mail-foot")
        .text("address", settings.public(""))
        .text("account", settings.public(&paths::account()));
    lines.extend([String::new(), "-- ".to_owned(), foot.to_string()]);
    lines.retain({
        let mut was_empty = false;
        move |line| {
            let is_repeated = was_empty && line.is_empty();
            was_empty = line.is_empty();
            !is_repeated
        }
    });
    message(smtp, reader, delivery.id, now)?
        .subject(
            lang.msg("notices-mail-subject")
                .text("title", title)
                .to_string(),
        )
        .body(lines.join("\r\n"))
        .map_err(|_| Problem::Address)
}

/// The mail that shows whether mail arrives.
pub(super) fn for_a_test(
    settings: &Settings,
    smtp: &Smtp,
    reader: &CurrentUser,
    now: Timestamp,
) -> Result<Message, Problem> {
    let lang = reader.lang.unwrap_or_default();
    let text = lang
        .msg("notices-mail-test")
        .text("address", settings.public(""));
    message(smtp, reader, Uuid::now_v7(), now)?
        .subject(lang.t("notices-mail-test-subject"))
        .body(text.to_string())
        .map_err(|_| Problem::Address)
}

/// The head of a mail.
fn message(
    smtp: &Smtp,
    reader: &CurrentUser,
    id: Uuid,
    now: Timestamp,
) -> Result<MessageBuilder, Problem> {
    let to: Address = reader.email.parse().map_err(|_| Problem::Address)?;
    let id = format!("<{id}@{}>", smtp.from.email.domain());
    let seconds = u64::try_from(now.as_second()).unwrap_or(0);
    // Nobody's "out of office" needs to answer.
    let automatic = HeaderName::new_from_ascii_str("Auto-Submitted");
    Ok(Message::builder()
        .from(smtp.from.clone())
        .to(Mailbox::new(Some(reader.name.clone()), to))
        .date(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
        .message_id(Some(id))
        .header(ContentType::TEXT_PLAIN)
        .raw_header(HeaderValue::new(automatic, "auto-generated".to_owned())))
}

/// Hands a mail to the server.
pub(super) async fn send(key: &MasterKey, smtp: &Smtp, message: Message) -> Result<(), Problem> {
    let parameters = || TlsParameters::new(smtp.host.clone()).map_err(|_| Problem::Tls);
    let tls = match smtp.security {
        Security::Plain => Tls::None,
        Security::StartTls => Tls::Required(parameters()?),
        Security::Tls => Tls::Wrapper(parameters()?),
    };
    let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&smtp.host)
        .port(smtp.port)
        .timeout(Some(ANSWER_TIMEOUT))
        .tls(tls);
    if let Some(user) = &smtp.user {
        let password = smtp.password(key).map_err(|_| Problem::Secret)?;
        let password = password.expose_secret().to_owned();
        transport = transport.credentials(Credentials::new(user.clone(), password));
    }
    let sent = transport.build().send(message).await;
    sent.map(|_| ()).map_err(|error| classify(&error))
}

fn classify(error: &lettre::transport::smtp::Error) -> Problem {
    if let Some(code) = error.status() {
        Problem::MailRefused(code.into())
    } else if let Some(failure) = tls::failure(error) {
        match failure {
            tls::Failure::Certificate => Problem::Certificate,
            tls::Failure::Handshake => Problem::Tls,
        }
    } else if error.is_timeout() {
        Problem::TimedOut
    } else if error.is_tls() {
        Problem::Tls
    } else if error.is_client() {
        Problem::NotOffered
    } else {
        Problem::Unreachable
    }
}
