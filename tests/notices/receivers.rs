//! A mail server of the test's own, on loopback.

use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// A mail as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Mail {
    pub(crate) to: Vec<String>,
    pub(crate) subject: String,
    pub(crate) body: String,
    /// Everything as it was sent.
    pub(crate) raw: String,
}

/// The server; stops when dropped.
pub(crate) struct MailServer {
    pub(crate) port: u16,
    mails: Arc<Mutex<Vec<Mail>>>,
    sign_ins: Arc<Mutex<Vec<String>>>,
    heard: Arc<Mutex<Vec<String>>>,
    serving: JoinHandle<()>,
}

/// How a mail server protects what it is told.
#[derive(Clone)]
pub(crate) enum Protection {
    /// Not at all.
    None,
    /// After `STARTTLS`.
    StartTls(TlsAcceptor),
    /// From the first byte.
    Tls(TlsAcceptor),
}

/// What a server does, and what it remembers.
#[derive(Clone)]
struct Desk {
    protection: Protection,
    refuses: Option<u16>,
    mails: Arc<Mutex<Vec<Mail>>>,
    sign_ins: Arc<Mutex<Vec<String>>>,
    heard: Arc<Mutex<Vec<String>>>,
}

trait Connection: AsyncRead + AsyncWrite + Send + Unpin {}
impl<C: AsyncRead + AsyncWrite + Send + Unpin> Connection for C {}
type Stream = BufReader<Box<dyn Connection>>;

impl Drop for MailServer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl MailServer {
    /// On any free port.
    pub(crate) async fn start() -> Self {
        Self::start_at(0, None).await
    }

    /// Answers each recipient with this code.
    pub(crate) async fn refusing(code: u16) -> Self {
        Self::start_at(0, Some(code)).await
    }

    /// On a port.
    pub(crate) async fn start_at(port: u16, refuses: Option<u16>) -> Self {
        Self::listen(port, refuses, Protection::None).await
    }

    /// On any free port, over TLS.
    pub(crate) async fn protected(protection: Protection) -> Self {
        Self::listen(0, None, protection).await
    }

    async fn listen(port: u16, refuses: Option<u16>, protection: Protection) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let mails = Arc::<Mutex<Vec<Mail>>>::default();
        let sign_ins = Arc::<Mutex<Vec<String>>>::default();
        let heard = Arc::<Mutex<Vec<String>>>::default();
        let desk = Desk {
            protection,
            refuses,
            mails: mails.clone(),
            sign_ins: sign_ins.clone(),
            heard: heard.clone(),
        };
        let serving = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(desk.clone().greet(stream));
            }
        });
        Self {
            port,
            mails,
            sign_ins,
            heard,
            serving,
        }
    }

    /// What has arrived, by recipient and subject.
    pub(crate) fn mails(&self) -> Vec<Mail> {
        let mut mails = self.mails.lock().unwrap().clone();
        mails.sort_by(|a, b| (&a.to, &a.subject).cmp(&(&b.to, &b.subject)));
        mails
    }

    /// What people signed in with, decoded.
    pub(crate) fn sign_ins(&self) -> Vec<String> {
        self.sign_ins.lock().unwrap().clone()
    }

    /// The commands it was given, `+` before those that came over TLS.
    pub(crate) fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }
}

impl Desk {
    async fn greet(self, stream: impl Connection + 'static) {
        match self.protection.clone() {
            Protection::Tls(acceptor) => {
                if let Ok(tls) = acceptor.accept(stream).await {
                    self.serve(BufReader::new(Box::new(tls)), true).await;
                }
            }
            _ => self.serve(BufReader::new(Box::new(stream)), false).await,
        }
    }

    async fn serve(self, mut stream: Stream, mut is_tls: bool) {
        let offers_tls = matches!(self.protection, Protection::StartTls(_));
        let mut to = Vec::new();
        say(&mut stream, "220 mail.example.com ready").await;
        while let Some(line) = read(&mut stream).await {
            let (word, rest) = line.split_once([' ', ':']).unwrap_or((&line, ""));
            let mark = if is_tls { "+" } else { "" };
            self.heard
                .lock()
                .unwrap()
                .push(format!("{mark}{}", word.to_ascii_uppercase()));
            match word.to_ascii_uppercase().as_str() {
                "EHLO" if offers_tls && !is_tls => {
                    say(&mut stream, "250-mail.example.com\r\n250 STARTTLS").await;
                }
                "EHLO" => say(&mut stream, "250-mail.example.com\r\n250 AUTH PLAIN").await,
                "STARTTLS" if offers_tls && !is_tls => {
                    say(&mut stream, "220 go on").await;
                    let Protection::StartTls(acceptor) = &self.protection else {
                        unreachable!("it is offered");
                    };
                    match acceptor.accept(stream.into_inner()).await {
                        Ok(tls) => stream = BufReader::new(Box::new(tls)),
                        Err(_) => return,
                    }
                    is_tls = true;
                }
                "AUTH" => {
                    let bytes = STANDARD.decode(rest.trim_start_matches("PLAIN ")).unwrap();
                    self.sign_ins
                        .lock()
                        .unwrap()
                        .push(String::from_utf8(bytes).unwrap());
                    say(&mut stream, "235 welcome").await;
                }
                "RCPT" => match self.refuses {
                    Some(code) => {
                        say(&mut stream, &format!("{code} {rest} is not known here")).await
                    }
                    None => {
                        let address = rest.split(['<', '>']).nth(1).unwrap();
                        to.push(address.to_owned());
                        say(&mut stream, "250 fine").await;
                    }
                },
                "DATA" => {
                    say(&mut stream, "354 go on").await;
                    let mut raw = String::new();
                    while let Some(line) = read(&mut stream).await.filter(|line| line != ".") {
                        raw.push_str(line.strip_prefix('.').unwrap_or(&line));
                        raw.push_str("\r\n");
                    }
                    self.mails
                        .lock()
                        .unwrap()
                        .push(understand(std::mem::take(&mut to), raw));
                    say(&mut stream, "250 taken").await;
                }
                "QUIT" => {
                    say(&mut stream, "221 bye").await;
                    return;
                }
                _ => say(&mut stream, "250 fine").await,
            }
        }
    }
}

async fn say(stream: &mut Stream, line: &str) {
    let _ = stream.write_all(format!("{line}\r\n").as_bytes()).await;
    let _ = stream.flush().await;
}

async fn read(stream: &mut Stream) -> Option<String> {
    let mut line = String::new();
    let length = stream.read_line(&mut line).await.ok()?;
    (length > 0).then(|| line.trim_end_matches(['\r', '\n']).to_owned())
}

fn understand(to: Vec<String>, raw: String) -> Mail {
    let (head, body) = raw.split_once("\r\n\r\n").unwrap();
    // Long headers go on in the next line after a space.
    let head = head.replace("\r\n ", " ");
    let header = |name: &str| {
        let line = head
            .lines()
            .find(|line| line.starts_with(&format!("{name}: ")));
        line.map_or("", |line| line.split_once(": ").unwrap().1)
            .to_owned()
    };
    let body = match header("Content-Transfer-Encoding").as_str() {
        "base64" => {
            let bytes = STANDARD.decode(body.replace("\r\n", "")).unwrap();
            String::from_utf8(bytes).unwrap()
        }
        "quoted-printable" => unquote(&body.replace("=\r\n", ""), '='),
        _ => body.to_owned(),
    };
    Mail {
        to,
        subject: words(&header("Subject")),
        body,
        raw,
    }
}

/// `=?utf-8?b?...?=` decoded (RFC 2047).
fn words(text: &str) -> String {
    let joined = text.replace("?= =?utf-8?b?", "?==?utf-8?b?");
    let mut pieces = joined.split("=?utf-8?b?");
    let mut whole = pieces.next().unwrap_or_default().to_owned();
    let mut bytes = Vec::new();
    for piece in pieces {
        let (coded, rest) = piece.split_once("?=").unwrap();
        bytes.extend(STANDARD.decode(coded).unwrap());
        if !rest.is_empty() {
            whole.push_str(&String::from_utf8(std::mem::take(&mut bytes)).unwrap());
            whole.push_str(rest);
        }
    }
    whole + &String::from_utf8(bytes).unwrap()
}

fn unquote(text: &str, mark: char) -> String {
    let mut pieces = text.split(mark);
    let mut bytes = pieces.next().unwrap_or_default().as_bytes().to_vec();
    for piece in pieces {
        bytes.push(u8::from_str_radix(&piece[..2], 16).unwrap());
        bytes.extend(&piece.as_bytes()[2..]);
    }
    String::from_utf8(bytes).unwrap()
}
