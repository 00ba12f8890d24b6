//! Addresses: however one is written or found, it is checked, and what was checked is what is connected to.

use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

use scrip::plugins::{HttpError, Lookup, OperatorSettings};

use super::{
    Sent, host,
    server::{Server, allowing},
    setup,
};
use crate::support::process::{TestChild, tell};

const ANY: &str = "hosts = ['*']";

fn operator(hosts: &[&str], ranges: &[&str]) -> OperatorSettings {
    let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    OperatorSettings { hosts: owned(hosts), ranges: owned(ranges), ..OperatorSettings::default() }
}

/// A resolver that answers each question with the next of these lists, and the last again; and how often it was asked.
fn answering(lists: &[&[&str]]) -> (Lookup, Arc<AtomicUsize>) {
    let lists: Vec<Vec<IpAddr>> =
        lists.iter().map(|list| list.iter().map(|a| a.parse().expect("an address")).collect()).collect();
    let (lists, count) = (Arc::new(lists), Arc::new(AtomicUsize::new(0)));
    let asked = Arc::clone(&count);
    let lookup = Lookup::new(move |_| {
        let number = asked.fetch_add(1, SeqCst).min(lists.len() - 1);
        let list = lists[number].clone();
        Box::pin(async move { Ok(list) })
    });
    (lookup, count)
}

#[tokio::test]
async fn however_an_address_is_written_it_is_checked() {
    let server = Server::start().await;
    let port = server.address.port();
    let long = "0".repeat(300) + "177.0.0.1";
    for (written, found) in [
        ("127.0.0.1", "127.0.0.1"),
        ("127.0.0.1.", "127.0.0.1"),
        ("127.1", "127.0.0.1"),
        ("2130706433", "127.0.0.1"),
        ("0x7f000001", "127.0.0.1"),
        ("0x7f.1", "127.0.0.1"),
        ("0x7F.0.0.0x1", "127.0.0.1"),
        ("0177.0.0.1", "127.0.0.1"),
        ("017700000001", "127.0.0.1"),
        ("%31%32%37.0.0.1", "127.0.0.1"),
        ("１２７.０.０.１", "127.0.0.1"),
        ("127。0。0。1", "127.0.0.1"),
        (long.as_str(), "127.0.0.1"),
        ("0", "0.0.0.0"),
        ("0x0", "0.0.0.0"),
        ("10.1", "10.0.0.1"),
        ("169.254.169.254", "169.254.169.254"),
        ("2852039166", "169.254.169.254"),
        ("[::1]", "::1"),
        ("[0:0:0:0:0:0:0:1]", "::1"),
        ("[::]", "::"),
        ("[::ffff:127.0.0.1]", "127.0.0.1"),
        ("[::ffff:7f00:1]", "127.0.0.1"),
        ("[::ffff:a9fe:a9fe]", "169.254.169.254"),
        ("[::127.0.0.1]", "::7f00:1"),
        ("[64:ff9b::7f00:1]", "64:ff9b::7f00:1"),
        ("[2002:7f00:1::]", "2002:7f00:1::"),
        ("[fe80::1]", "fe80::1"),
        ("[fd00:ec2::254]", "fd00:ec2::254"),
    ] {
        let sent = Sent::get(&format!("http://{written}:{port}/ok"));
        let denied = host(&sent, 1, ANY, operator(&["*"], &[])).await.denied().await;
        assert!(denied.starts_with(&format!("address {found} is not public")), "{written}: {denied}");
        assert!(denied.contains(&format!("add \"{found}\" to ranges of [plugin.partner]")), "{denied}");
    }
    assert!(server.asked().is_empty());
    // Every one of the first is the same host to a rule as well, and no other is.
    for (written, fits) in [
        ("127.1", true),
        ("0x7f.1", true),
        ("127.0.0.1.", true),
        ("localhost", false),
        ("[::ffff:127.0.0.1]", false),
        ("127.0.0.2", false),
    ] {
        let sent = Sent::get(&format!("http://{written}:{port}/ok"));
        let answer = host(&sent, 1, ANY, allowing(&server)).await.answer().await;
        match answer {
            Ok(response) => assert!(fits && response.status == 200, "{written}"),
            Err(error) => {
                assert!(!fits && error.to_string().contains("to hosts of [plugin.partner]"), "{written}: {error}")
            }
        }
    }
    assert_eq!(server.asked().len(), 3);
}

#[tokio::test]
async fn a_name_that_has_a_private_address_is_denied() {
    let server = Server::start().await;
    let sent = Sent::get(&format!("http://partner.example:{}/ok", server.address.port()));
    for list in [
        &["127.0.0.1"][..],
        &["10.0.0.1"],
        &["::1"],
        &["::ffff:127.0.0.1"],
        &["169.254.169.254"],
        &["1.1.1.1", "127.0.0.1"],
        &["127.0.0.1", "1.1.1.1"],
    ] {
        let (lookup, asked) = answering(&[list]);
        let host = setup(&sent, 1, ANY, operator(&["*"], &[])).lookup(lookup).open().await;
        let denied = host.denied().await;
        assert!(denied.contains("is not public") && !denied.contains("1.1.1.1"), "{denied}");
        assert_eq!(asked.load(SeqCst), 1);
    }
    assert!(server.asked().is_empty());
    let (lookup, _) = answering(&[&[]]);
    let host = setup(&sent, 1, ANY, operator(&["*"], &[])).lookup(lookup).open().await;
    assert!(matches!(host.answer().await, Err(HttpError::Unreachable(_))));
    let nowhere = Lookup::new(|_| Box::pin(async { Err(std::io::Error::other("no such name")) }));
    let host = setup(&sent, 1, ANY, operator(&["*"], &[])).lookup(nowhere).open().await;
    assert!(matches!(host.answer().await, Err(HttpError::Unreachable(_))));
}

#[tokio::test]
async fn what_was_checked_is_what_is_connected_to() {
    // Two servers on one port; the name moves from the allowed one to the other after the first question.
    let allowed = Server::start().await;
    let port = allowed.address.port();
    let other = Server::at(&format!("127.0.0.2:{port}")).await.expect("the same port on another address");
    let rule = format!("http://partner.example:{port}");
    let sent = |path: &str| Sent::get(&format!("{rule}{path}"));
    let (lookup, asked) = answering(&[&["127.0.0.1"], &["127.0.0.2"]]);
    let operator = operator(&[&rule], &["127.0.0.1"]);
    let host = setup(&sent("/close"), 1, ANY, operator.clone()).lookup(lookup).open().await;
    assert_eq!(host.answer().await.expect("an answer").status, 200);
    assert_eq!((asked.load(SeqCst), allowed.asked().len(), other.asked().len()), (1, 1, 0), "one question, one check");
    // A new connection asks again, and is denied.
    assert!(host.denied().await.starts_with("address 127.0.0.2 is not public"));
    assert_eq!((asked.load(SeqCst), allowed.asked().len(), other.asked().len()), (2, 0, 0));
    // A connection that is kept goes to what was checked, whatever the name says by now.
    let (lookup, asked) = answering(&[&["127.0.0.1"], &["127.0.0.2"]]);
    let host = setup(&sent("/ok"), 3, ANY, operator).lookup(lookup).open().await;
    let answers = host.asks().await.asked;
    let answered =
        answers.iter().filter(|asked| asked.answer.as_ref().is_ok_and(|answer| answer.status == 200)).count();
    // One that is not given back in time is opened anew, and denied.
    let denied = answers.iter().filter(|asked| matches!(&asked.answer, Err(HttpError::Denied(_)))).count();
    assert!(answered > 0 && answered + denied == 3, "{answers:?}");
    assert_eq!((asked.load(SeqCst), allowed.asked().len(), other.asked().len()), (1 + denied, answered, 0));
}

#[tokio::test]
async fn no_redirect_is_followed() {
    let server = Server::start().await;
    for (path, status) in [("/redirect", 302), ("/moved", 308)] {
        let answer =
            host(&Sent::get(&server.url(path)), 1, ANY, allowing(&server)).await.answer().await.expect("an answer");
        assert_eq!(answer.status, status);
        assert!(answer.headers.iter().any(|(name, _)| name == "location"), "the plugin sees where to, and may ask");
        assert_eq!(server.asked().len(), 1);
    }
}

/// Does nothing unless it is the child.
#[tokio::test]
async fn child() {
    let Ok(url) = std::env::var("SCRIP_PLUGINS_URL") else { return };
    let target = url.trim_end_matches("/ok").to_owned();
    let answer = host(&Sent::get(&url), 1, ANY, operator(&[&target], &["127.0.0.0/8"])).await.answer().await;
    tell(&answer.map_or_else(|error| error.to_string(), |answer| answer.status.to_string()));
}

#[tokio::test(flavor = "multi_thread")]
async fn variables_of_a_proxy_are_not_read() {
    let (server, proxy) = (Server::start().await, Server::start().await);
    let (url, proxied) = (server.url("/ok"), proxy.host());
    let names = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
    let mut variables: Vec<_> = names.iter().map(|name| (*name, proxied.as_str())).collect();
    variables.extend([("NO_PROXY", ""), ("no_proxy", ""), ("SCRIP_PLUGINS_URL", url.as_str())]);
    let mut child = TestChild::start("plugins::network::addresses::child", &variables);
    let told = tokio::task::block_in_place(|| child.line());
    assert_eq!(told.as_deref(), Some("200"));
    tokio::task::block_in_place(|| child.finish());
    assert_eq!((server.asked().len(), proxy.asked().len()), (1, 0));
}
