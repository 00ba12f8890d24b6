//! Answers that are too long, too slow or not as they were asked for, and requests that are none.

use scrip::plugins::{HttpError, PluginFailure};

use super::{
    Sent, host,
    server::{Server, allowing},
};

fn named(server: &Server, more: &str) -> String {
    format!("hosts = ['{}']\n{more}", server.host())
}

#[tokio::test]
async fn long_and_slow_answers_end_at_their_limits() {
    let server = Server::start().await;
    for (path, limits, expected) in [
        ("/endless", "", HttpError::TooLarge),
        ("/large", "", HttpError::TooLarge),
        ("/headers", "", HttpError::TooLarge),
        ("/stuck", "time_ms = 300", HttpError::TimedOut),
        ("/silent", "time_ms = 300", HttpError::TimedOut),
        ("/packed", "", HttpError::Invalid("the answer has a content-encoding, which was not asked for".to_owned())),
    ] {
        let host =
            host(&Sent::get(&server.url(path)), 1, &named(&server, &format!("[limits]\n{limits}")), allowing(&server))
                .await;
        let (report, ()) = tokio::join!(host.asks(), host.good());
        assert_eq!(report.asked.first().map(|asked| asked.answer.clone()), Some(Err(expected)), "{path}");
        // The plugin has time left to say something.
        assert_eq!(report.answer.expect("an answer").expect("a code").code, "none", "{path}");
        assert_eq!(report.usage.requests, 1);
    }
    let fits = named(&server, "[limits]\nresponse_kib = 300\nmemory_mib = 16");
    let answer = host(&Sent::get(&server.url("/large")), 1, &fits, allowing(&server)).await.answer().await;
    assert_eq!(answer.map(|answer| answer.body.len()), Ok(300 * 1_024));
}

#[tokio::test]
async fn all_of_a_calls_time_is_one_limit() {
    let server = Server::start().await;
    // Each waits for what is left; the time of the call is over before the sixth.
    let sent = Sent::get(&server.url("/silent"));
    let host = host(&sent, 16, &named(&server, "[limits]\ntime_ms = 200\nrequests = 16"), allowing(&server)).await;
    let report = host.asks().await;
    assert!(report.asked.iter().all(|asked| asked.answer.is_err()));
    match report.answer {
        Ok(Ok(issued)) => assert_eq!(issued.code, "none"),
        Err(PluginFailure::OutOfTime { limit: 200, .. }) => {}
        // Where others were in the way, it is not the plugin's fault.
        Err(PluginFailure::Busy { .. }) => {}
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_is_no_request_is_not_sent() {
    let server = Server::start().await;
    let url = server.url("/ok");
    let get = || Sent::get(&url);
    let method = |method: &str| Sent { method: method.to_owned(), ..get() };
    let port = server.address.port();
    for (sent, says) in [
        (get().header("x-a", "b\r\nx-injected: 1"), "expected values of headers"),
        (get().header("x-a", "b\nc"), "expected values of headers"),
        (get().header("x-a", "b\0c"), "expected values of headers"),
        (get().header("x-a: 1\r\nx-injected", "1"), "expected names of headers"),
        (get().header("", "1"), "expected names of headers"),
        (get().header("x a", "1"), "expected names of headers"),
        (get().header("Host", "other.example"), "the header host is the host's own"),
        (get().header("content-length", "5"), "the header content-length is the host's own"),
        (get().header("Transfer-Encoding", "chunked"), "the host's own"),
        (get().header("connection", "upgrade"), "the host's own"),
        (get().header("accept-encoding", "gzip"), "the host's own"),
        (get().header("proxy-authorization", "Basic x"), "the host's own"),
        (method("GET / HTTP/1.1\r\nx-injected: 1\r\n\r\n"), "expected a method"),
        (method(""), "expected a method"),
        (method("CONNECT"), "another method than CONNECT"),
        (method("TRACE"), "another method than CONNECT"),
        (Sent::get(""), "the URL"),
        (Sent::get("/ok"), "the URL"),
        (Sent::get("file:///etc/passwd"), "expected a URL with http or https"),
        (Sent::get("unix:/run/docker.sock"), "expected a URL with http or https"),
        (Sent::get("gopher://127.0.0.1:1/"), "expected a URL with http or https"),
        (Sent::get(&format!("http://ann:secret@127.0.0.1:{port}/ok")), "expected a URL without a user"),
        (Sent::get(&format!("{url}?{}", "a".repeat(9_000))), "expected at most 8192 bytes of URL"),
        (Sent { body: Some("x".repeat(2_000)), ..method("POST") }, "limits.request_kib (1)"),
    ] {
        let host = host(&sent, 1, &named(&server, "[limits]\nrequest_kib = 1"), allowing(&server)).await;
        match host.answer().await {
            Err(HttpError::Invalid(reason)) => assert!(reason.contains(says), "{says}: {reason}"),
            other => panic!("{says}: {other:?}"),
        }
    }
    // A URL's parts are written as URLs are, so that nothing else gets into the request.
    let odd = Sent::get(&format!("{url}?a=1 HTTP/1.1\r\nx-injected: 1"));
    let answer = host(&odd, 1, &named(&server, ""), allowing(&server)).await.answer().await;
    assert_eq!(answer.map(|answer| answer.status), Ok(200));
    let asked = server.asked();
    assert_eq!(asked.len(), 1);
    assert!(
        !asked[0].headers.contains_key("x-injected") && asked[0].path.starts_with("/ok?a=1%20HTTP/1.1x-injected"),
        "{asked:?}"
    );
}

#[tokio::test]
async fn a_query_without_secrets_is_sent_as_it_is_written() {
    let server = Server::start().await;
    let sent = Sent::get(&server.url("/ok?flag&a=%20b+c&sig=%2Fx%3d"));
    host(&sent, 1, &named(&server, ""), allowing(&server)).await.answer().await.expect("an answer");
    assert_eq!(server.asked()[0].path, "/ok?flag&a=%20b+c&sig=%2Fx%3d");
}
