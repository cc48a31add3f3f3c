//! Looks at the bytes of a connection before they are parsed, and keeps from the parser every
//! request head about which two programs could disagree where the request ends.
//!
//! Parsers are lenient where a security boundary must not be: a bare line feed ends a line for
//! some, and of two lengths each takes another. A head that passes here means one thing only.
//! A refused head is replaced by a request with the method [`REFUSED`], so that the reason comes
//! back as an ordinary answer, after those to the requests before it; nothing that follows it is
//! read. Knows nothing of addresses, tokens or flags.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

use super::limits::{
    HEAD_BYTES_MAX, HEADERS_MAX, LINGER_BYTES_MAX, Limits, REQUEST_LINE_BYTES_MAX,
};

/// The method of the request that replaces a refused one.
pub(super) const REFUSED: &str = "REFUSED";

const STAND_IN: &[u8] = b"REFUSED / HTTP/1.1\r\n\r\n";

/// Why a head is kept from the parser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    NoRequestLine,
    BareLineFeed,
    BadLength,
    TwoLengths,
    UnknownEncoding,
    LengthAndEncoding,
    RequestLineTooLong,
    HeadTooLarge,
    TooSlow,
}

/// What the two sides of a connection tell each other.
#[derive(Debug, Default)]
pub(super) struct Link {
    refusal: OnceLock<Refusal>,
    transfers: AtomicU64,
}

impl Link {
    /// Returns why a head on this connection was refused, once one was.
    pub(super) fn refusal(&self) -> Option<Refusal> {
        self.refusal.get().copied()
    }

    /// Returns a number that grows whenever bytes move in either direction.
    pub(super) fn transfers(&self) -> u64 {
        self.transfers.load(Ordering::Relaxed)
    }

    fn moved(&self, bytes: usize) {
        self.transfers.fetch_add(bytes as u64, Ordering::Relaxed);
    }
}

/// A byte stream whose request heads are looked at on the way.
#[derive(Debug)]
pub(super) struct Framed<S> {
    stream: S,
    link: Arc<Link>,
    limits: Limits,
    expecting: Expecting,
    /// The beginning of a head whose end has not come.
    held: Vec<u8>,
    /// Bytes that passed and wait for room in the reader's buffer.
    passed: Vec<u8>,
    /// Runs while a head is awaited whose time counts.
    head_late: Option<Pin<Box<Sleep>>>,
    linger: Option<Linger>,
}

/// What the next byte belongs to.
#[derive(Debug)]
enum Expecting {
    Head(Head),
    /// A body with this many bytes to come.
    Body(u64),
    /// A body whose end only the parser sees. The connection closes after it.
    Rest,
    /// A refused head, or what follows it.
    Nothing,
}

#[derive(Debug)]
struct Linger {
    late: Pin<Box<Sleep>>,
    bytes_left: usize,
}

impl<S> Framed<S> {
    pub(super) fn new(stream: S, limits: Limits) -> (Self, Arc<Link>) {
        let link = Arc::new(Link::default());
        let framed = Self {
            stream,
            link: Arc::clone(&link),
            limits,
            expecting: Expecting::Head(Head::default()),
            held: Vec::new(),
            passed: Vec::new(),
            head_late: Some(Box::pin(sleep(limits.head_time))),
            linger: None,
        };
        (framed, link)
    }

    /// Leaves in `out`, behind its first `start` bytes, what of the fresh bytes passes at once.
    fn take_in(&mut self, out: &mut ReadBuf<'_>, start: usize) {
        if self.held.is_empty() {
            let passed = self.inspect(&out.filled()[start..]);
            out.set_filled(start + passed);
        } else {
            let mut bytes = std::mem::take(&mut self.held);
            bytes.extend_from_slice(&out.filled()[start..]);
            out.set_filled(start);
            let passed = self.inspect(&bytes);
            bytes.truncate(passed);
            self.passed = bytes;
        }
        if self.link.refusal().is_some() {
            self.passed.extend_from_slice(STAND_IN);
        }
    }

    /// Returns how many of the bytes pass. Holds back those of an unfinished head.
    fn inspect(&mut self, bytes: &[u8]) -> usize {
        let mut at = 0;
        while at < bytes.len() {
            match &mut self.expecting {
                Expecting::Head(head) => match head.read(&bytes[at..]) {
                    Ok(Some(end)) => {
                        at += end.head_bytes;
                        self.expecting = end.expecting;
                        self.head_late = None;
                    }
                    Ok(None) => {
                        self.hold(&bytes[at..]);
                        return at;
                    }
                    Err(refusal) => {
                        self.refuse(refusal);
                        return at;
                    }
                },
                Expecting::Body(left) => {
                    let here = (bytes.len() - at) as u64;
                    if here < *left {
                        *left -= here;
                        return bytes.len();
                    }
                    at += usize::try_from(*left).expect("no more than what is here");
                    self.expecting = Expecting::Head(Head::default());
                }
                Expecting::Rest => return bytes.len(),
                Expecting::Nothing => return at,
            }
        }
        at
    }

    fn hold(&mut self, beginning: &[u8]) {
        self.held.extend_from_slice(beginning);
        let head_time = self.limits.head_time;
        self.head_late
            .get_or_insert_with(|| Box::pin(sleep(head_time)));
    }

    fn refuse(&mut self, refusal: Refusal) {
        self.expecting = Expecting::Nothing;
        self.head_late = None;
        self.held = Vec::new();
        self.link
            .refusal
            .set(refusal)
            .expect("nothing is looked at after a refusal");
    }

    /// Moves what passed earlier into the reader's buffer, as far as there is room.
    fn deliver(&mut self, out: &mut ReadBuf<'_>) {
        let count = self.passed.len().min(out.remaining());
        out.put_slice(&self.passed[..count]);
        self.passed.drain(..count);
    }

    fn awaits_first_byte_of_head(&self) -> bool {
        matches!(self.expecting, Expecting::Head(_)) && self.held.is_empty()
    }
}

/// Returns what passes of a connection whose bytes arrive in these pieces, and why the rest does
/// not. Needs a runtime with time, as every connection does.
pub(crate) fn passed(pieces: &[&[u8]]) -> (Vec<u8>, Option<String>) {
    let (mut framed, link) = Framed::new((), Limits::default());
    let mut passed = Vec::new();
    for piece in pieces.iter().filter(|piece| !piece.is_empty()) {
        if matches!(framed.expecting, Expecting::Nothing) {
            break;
        }
        let mut space = piece.to_vec();
        let mut out = ReadBuf::new(&mut space);
        out.set_filled(piece.len());
        framed.take_in(&mut out, 0);
        passed.extend_from_slice(out.filled());
        passed.append(&mut framed.passed);
    }
    let refusal = link.refusal().map(|refusal| format!("{refusal:?}"));
    (passed, refusal)
}

impl<S: AsyncRead + Unpin> Framed<S> {
    /// Polls the time a head may take. Ready if there is something for the reader.
    fn poll_late(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(late) = &mut self.head_late else {
            return Poll::Pending;
        };
        ready!(late.as_mut().poll(cx));
        self.head_late = None;
        if !self.awaits_first_byte_of_head() {
            self.refuse(Refusal::TooSlow);
            self.passed.extend_from_slice(STAND_IN);
        }
        Poll::Ready(())
    }

    /// Reads and discards what the client still sends, so that it gets to read the answer.
    fn poll_linger(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let linger_time = self.limits.linger_time;
        let linger = self.linger.get_or_insert_with(|| Linger {
            late: Box::pin(sleep(linger_time)),
            bytes_left: LINGER_BYTES_MAX,
        });
        let mut space = [0; 8 * 1024];
        while linger.bytes_left > 0 {
            let mut dropped = ReadBuf::new(&mut space);
            match Pin::new(&mut self.stream).poll_read(cx, &mut dropped) {
                Poll::Pending => return linger.late.as_mut().poll(cx),
                Poll::Ready(Ok(())) if !dropped.filled().is_empty() => {
                    linger.bytes_left = linger.bytes_left.saturating_sub(dropped.filled().len());
                }
                Poll::Ready(_) => break,
            }
        }
        Poll::Ready(())
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Framed<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let framed = self.get_mut();
        loop {
            if !framed.passed.is_empty() {
                framed.deliver(out);
                return Poll::Ready(Ok(()));
            }
            if matches!(framed.expecting, Expecting::Nothing) {
                // An end of file would end the connection before the refusal is answered.
                return Poll::Pending;
            }
            let start = out.filled().len();
            match Pin::new(&mut framed.stream).poll_read(cx, out) {
                Poll::Ready(result) => result?,
                Poll::Pending => {
                    ready!(framed.poll_late(cx));
                    if framed.passed.is_empty() {
                        return Poll::Ready(Ok(()));
                    }
                    continue;
                }
            }
            let fresh = out.filled().len() - start;
            if fresh == 0 {
                return Poll::Ready(Ok(()));
            }
            framed.link.moved(fresh);
            framed.take_in(out, start);
            if out.filled().len() > start {
                return Poll::Ready(Ok(()));
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Framed<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let framed = self.get_mut();
        let written = ready!(Pin::new(&mut framed.stream).poll_write(cx, bytes))?;
        framed.link.moved(written);
        Poll::Ready(Ok(written))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let framed = self.get_mut();
        let written = ready!(Pin::new(&mut framed.stream).poll_write_vectored(cx, slices))?;
        framed.link.moved(written);
        Poll::Ready(Ok(written))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let framed = self.get_mut();
        if framed.linger.is_none() {
            ready!(Pin::new(&mut framed.stream).poll_shutdown(cx))?;
        }
        if framed.awaits_first_byte_of_head() {
            return Poll::Ready(Ok(()));
        }
        framed.poll_linger(cx).map(Ok)
    }
}

/// A head as far as it was read.
#[derive(Debug, Default)]
struct Head {
    /// Complete lines, and where the one after them begins.
    lines: usize,
    line_start: usize,
    length: Option<u64>,
    chunked: bool,
}

#[derive(Debug)]
struct HeadEnd {
    head_bytes: usize,
    expecting: Expecting,
}

impl Head {
    /// Reads on in `bytes`, which begin with the head. `None` while its end is not there.
    fn read(&mut self, bytes: &[u8]) -> Result<Option<HeadEnd>, Refusal> {
        loop {
            let rest = &bytes[self.line_start..];
            let Some(end) = rest.iter().position(|&byte| byte == b'\n') else {
                let line = rest.strip_suffix(b"\r").unwrap_or(rest);
                self.check_size(line.len(), bytes.len())?;
                return Ok(None);
            };
            let line = &rest[..end];
            let ended = line.strip_suffix(b"\r");
            self.line_start += end + 1;
            // Before how the line ends, because a line that arrives in pieces is measured first.
            self.check_size(ended.unwrap_or(line).len(), self.line_start)?;
            let line = ended.ok_or(Refusal::BareLineFeed)?;
            if line.is_empty() {
                return self.finish().map(Some);
            }
            self.note(line)?;
            self.lines += 1;
        }
    }

    fn check_size(&self, line_bytes: usize, head_bytes: usize) -> Result<(), Refusal> {
        if self.lines == 0 && line_bytes > REQUEST_LINE_BYTES_MAX {
            return Err(Refusal::RequestLineTooLong);
        }
        if head_bytes > HEAD_BYTES_MAX || self.lines > 1 + HEADERS_MAX {
            return Err(Refusal::HeadTooLarge);
        }
        Ok(())
    }

    fn note(&mut self, line: &[u8]) -> Result<(), Refusal> {
        if self.lines == 0 {
            let is_request = line.ends_with(b" HTTP/1.1") || line.ends_with(b" HTTP/1.0");
            return is_request.then_some(()).ok_or(Refusal::NoRequestLine);
        }
        if let Some(value) = value_of(line, b"content-length") {
            if self.length.replace(length(value)?).is_some() {
                return Err(Refusal::TwoLengths);
            }
        } else if let Some(value) = value_of(line, b"transfer-encoding") {
            if !value.eq_ignore_ascii_case(b"chunked") || self.chunked {
                return Err(Refusal::UnknownEncoding);
            }
            self.chunked = true;
        }
        Ok(())
    }

    fn finish(&self) -> Result<HeadEnd, Refusal> {
        if self.lines == 0 {
            return Err(Refusal::NoRequestLine);
        }
        let expecting = match (self.length, self.chunked) {
            (Some(_), true) => return Err(Refusal::LengthAndEncoding),
            (None, true) => Expecting::Rest,
            (None | Some(0), false) => Expecting::Head(Self::default()),
            (Some(length), false) => Expecting::Body(length),
        };
        Ok(HeadEnd {
            head_bytes: self.line_start,
            expecting,
        })
    }
}

fn value_of<'a>(line: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let (before, after) = line.split_at_checked(name.len())?;
    let value = after.strip_prefix(b":")?;
    before
        .eq_ignore_ascii_case(name)
        .then(|| value.trim_ascii())
}

/// Reads a length of up to 18 digits, which no sum overflows.
fn length(value: &[u8]) -> Result<u64, Refusal> {
    if !(1..=18).contains(&value.len()) || !value.iter().all(u8::is_ascii_digit) {
        return Err(Refusal::BadLength);
    }
    let digits = value.iter().map(|digit| u64::from(digit - b'0'));
    Ok(digits.fold(0, |number, digit| number * 10 + digit))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    /// Sends bytes through a pipe that holds `width` of them, and returns what passed and why
    /// something did not.
    fn pass(bytes: &[u8], width: usize) -> (Vec<u8>, Option<Refusal>) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build();
        runtime.unwrap().block_on(async {
            let (mut client, server) = duplex(width);
            let (mut framed, link) = Framed::new(server, Limits::default());
            let sending = async {
                // A refusal ends the reading before everything is sent.
                let _ = client.write_all(bytes).await;
                let _ = client.shutdown().await;
                std::future::pending::<()>().await;
            };
            let reading = async {
                let mut passed = Vec::new();
                while !passed.ends_with(STAND_IN) {
                    if framed.read_buf(&mut passed).await.unwrap() == 0 {
                        break;
                    }
                }
                passed
            };
            let passed = tokio::select! {
                () = sending => unreachable!("it waits for ever"),
                passed = reading => passed,
            };
            (passed, link.refusal())
        })
    }

    #[track_caller]
    fn check(bytes: &[u8], expected: Option<Refusal>) {
        for width in [1, 2, 5, 64 * 1024] {
            assert_eq!(pass(bytes, width).1, expected, "in pieces of {width}");
        }
    }

    #[test]
    fn each_ambiguity_has_its_name() {
        let with = |headers: &str| format!("PUT / HTTP/1.1\r\n{headers}\r\n\r\n");
        let refused = |headers: &str, refusal| check(with(headers).as_bytes(), Some(refusal));
        refused("Content-Length: x", Refusal::BadLength);
        refused("CONTENT-LENGTH: 1\r\ncontent-length:1", Refusal::TwoLengths);
        refused("Transfer-Encoding: gzip", Refusal::UnknownEncoding);
        refused(
            "Transfer-Encoding: chunked\r\nContent-Length: 0",
            Refusal::LengthAndEncoding,
        );
        refused("A: b\nC: d", Refusal::BareLineFeed);
        check(b"\r\n", Some(Refusal::NoRequestLine));
        check(b"GET /\r\n", Some(Refusal::NoRequestLine));
        check(with("Content-Length: 007").as_bytes(), None);
        check(with("Transfer-Encoding: Chunked").as_bytes(), None);
        check(with("X-Content-Length: x").as_bytes(), None);
    }

    #[test]
    fn the_bounds_of_a_head_are_met_exactly() {
        let line = |bytes: usize| format!("GET /{} HTTP/1.1\r\n", "x".repeat(bytes - 14));
        let longest = line(REQUEST_LINE_BYTES_MAX);
        check(format!("{longest}\r\n").as_bytes(), None);
        let too_long = line(REQUEST_LINE_BYTES_MAX + 1);
        check(too_long.as_bytes(), Some(Refusal::RequestLineTooLong));
        let without_end = too_long.replace("\r\n", "\n");
        check(without_end.as_bytes(), Some(Refusal::RequestLineTooLong));

        let headers = |count: usize| line(20) + &"A: b\r\n".repeat(count) + "\r\n";
        check(headers(HEADERS_MAX).as_bytes(), None);
        check(
            headers(HEADERS_MAX + 1).as_bytes(),
            Some(Refusal::HeadTooLarge),
        );

        let head = |bytes: usize| line(20) + "A: " + &"b".repeat(bytes - 29) + "\r\n\r\n";
        assert_eq!(head(HEAD_BYTES_MAX).len(), HEAD_BYTES_MAX);
        for (bytes, refusal) in [
            (HEAD_BYTES_MAX, None),
            (HEAD_BYTES_MAX + 1, Some(Refusal::HeadTooLarge)),
        ] {
            assert_eq!(pass(head(bytes).as_bytes(), 4096).1, refusal, "{bytes}");
        }
    }

    /// Requests as they should be, some with a body of arbitrary bytes.
    fn requests() -> impl Strategy<Value = Vec<u8>> {
        let body = prop::option::of(prop::collection::vec(any::<u8>(), 0..40));
        let request = body.prop_map(|body| {
            let mut request = b"PUT /a HTTP/1.1\r\nHost: b\r\n".to_vec();
            if let Some(body) = &body {
                let length = format!("Content-Length: {}\r\n", body.len());
                request.extend_from_slice(length.as_bytes());
            }
            request.extend_from_slice(b"\r\n");
            request.extend_from_slice(&body.unwrap_or_default());
            request
        });
        prop::collection::vec(request, 1..6).prop_map(|all| all.concat())
    }

    proptest! {
        #[test]
        fn good_requests_pass_unchanged(bytes in requests(), width in 1_usize..300) {
            prop_assert_eq!(pass(&bytes, width), (bytes, None));
        }

        #[test]
        fn what_passes_came_in_and_the_width_of_the_pipe_changes_no_verdict(
            good in requests(),
            cut in any::<prop::sample::Index>(),
            junk in "[a-zA-Z:, \\r\\n0-9/.-]{0,60}",
            width in 1_usize..300,
        ) {
            let mut bytes = good;
            bytes.truncate(cut.index(bytes.len()));
            bytes.extend_from_slice(junk.as_bytes());
            let (passed, refusal) = pass(&bytes, width);
            let from_client = match refusal {
                Some(_) => passed.strip_suffix(STAND_IN).unwrap(),
                None => &passed,
            };
            prop_assert!(bytes.starts_with(from_client));
            prop_assert_eq!(pass(&bytes, 64 * 1024), (passed, refusal));
        }
    }
}
