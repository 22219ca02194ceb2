//! A mail server of the test's own, on loopback.

use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

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
    serving: JoinHandle<()>,
}

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
        let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let mails = Arc::<Mutex<Vec<Mail>>>::default();
        let sign_ins = Arc::<Mutex<Vec<String>>>::default();
        let (kept, seen) = (mails.clone(), sign_ins.clone());
        let serving = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(serve(stream, kept.clone(), seen.clone(), refuses));
            }
        });
        Self {
            port,
            mails,
            sign_ins,
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
}

async fn serve(
    stream: TcpStream,
    mails: Arc<Mutex<Vec<Mail>>>,
    sign_ins: Arc<Mutex<Vec<String>>>,
    refuses: Option<u16>,
) {
    let mut stream = BufReader::new(stream);
    let mut to = Vec::new();
    say(&mut stream, "220 mail.example.com ready").await;
    while let Some(line) = read(&mut stream).await {
        let (word, rest) = line.split_once([' ', ':']).unwrap_or((&line, ""));
        match word.to_ascii_uppercase().as_str() {
            "EHLO" => say(&mut stream, "250-mail.example.com\r\n250 AUTH PLAIN").await,
            "AUTH" => {
                let bytes = STANDARD.decode(rest.trim_start_matches("PLAIN ")).unwrap();
                sign_ins
                    .lock()
                    .unwrap()
                    .push(String::from_utf8(bytes).unwrap());
                say(&mut stream, "235 welcome").await;
            }
            "RCPT" => match refuses {
                Some(code) => say(&mut stream, &format!("{code} {rest} is not known here")).await,
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
                mails
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

async fn say(stream: &mut BufReader<TcpStream>, line: &str) {
    let _ = stream.write_all(format!("{line}\r\n").as_bytes()).await;
}

async fn read(stream: &mut BufReader<TcpStream>) -> Option<String> {
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
