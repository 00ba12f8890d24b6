//! TLS: what is spoken inside it, certificates that are replaced, and starts that would send keys in the clear.

mod certificate;

use std::{fs, path::Path, sync::Arc};

use certificate::Certificate;
use reqwest::Client;
use scrip::http::{Options, Tls, TlsFiles};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{
    App,
    binary::{Gateway, scrip},
};

fn write(folder: &Path, certificate: &Certificate) -> TlsFiles {
    let files = TlsFiles { certificate: folder.join("tls.crt"), key: folder.join("tls.key") };
    fs::write(&files.certificate, &certificate.certificate).expect("a file");
    fs::write(&files.key, &certificate.key).expect("a file");
    files
}

/// A client that believes this certificate alone, on a connection of its own.
fn client(certificate: &Certificate) -> Client {
    let root = reqwest::Certificate::from_der(&certificate.der).expect("a certificate");
    Client::builder().tls_built_in_root_certs(false).add_root_certificate(root).build().expect("a client")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_and_streams_go_over_tls() {
    let folder = tempfile::tempdir().expect("a folder");
    let shown = Certificate::new();
    let tls = Tls::load(write(folder.path(), &shown)).expect("a certificate");
    let mut app = App::with(Options { tls: Some(Arc::new(tls)), ..Options::default() }).await;
    let plain = std::mem::replace(&mut app.client, client(&shown));
    let port = app.url.rsplit(':').next().expect("a port").to_owned();
    app.url = format!("https://127.0.0.1:{port}");
    let pool = app.pool(json!({ "type": "PERCENTAGE", "value": "10" }), &["A1", "A2"]).await;
    app.claim(&pool, "ann").await;
    // Four megabytes in, and as many out, so that records are cut everywhere.
    let codes: Vec<_> = (0..9_000).map(|number| format!("LONG-{number:050}")).collect();
    let added = app.mutate("couponsAdd", json!({ "poolId": pool, "codes": codes })).await;
    assert_eq!(added["added"], 9_000);
    let file = app.client.get(format!("{}/pools/{pool}/coupons.csv", app.url)).bearer_auth(&app.key).send().await;
    assert_eq!(file.expect("an answer").text().await.expect("a file").lines().count(), 9_003);
    let answer = app.client.get(format!("{}/readyz", app.url)).send().await.expect("an answer");
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["strict-transport-security"], "max-age=31536000");
    // Who speaks plain HTTP is told what to do; probes for health may.
    let wrong = plain.get(format!("http://127.0.0.1:{port}/")).send().await.expect("an answer");
    assert_eq!(wrong.status(), 400);
    assert!(wrong.text().await.expect("text").contains("https://"));
    assert_eq!(plain.get(format!("http://127.0.0.1:{port}/healthz")).send().await.expect("an answer").status(), 200);
    // Noise ends, and nothing else does.
    let mut noise = tokio::net::TcpStream::connect(format!("127.0.0.1:{port}")).await.expect("a connection");
    noise.write_all(&[22, 3, 1, 0, 5, 1, 0, 0, 1, 9]).await.expect("sent");
    let mut said = Vec::new();
    let ended = noise.read_to_end(&mut said).await;
    assert!(ended.is_err() || said.first() != Some(&b'H'), "{said:?}");
    assert!(client(&Certificate::new()).get(&app.url).send().await.is_err(), "another certificate is not believed");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_is_replaced_by_a_whole_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let (first, second) = (Certificate::new(), Certificate::new());
    let tls = Tls::load(write(folder.path(), &first)).expect("a certificate");
    let app = App::with(Options { tls: Some(Arc::new(tls)), ..Options::default() }).await;
    let url = app.url.replace("http://", "https://") + "/healthz";
    let open = client(&first);
    assert!(open.get(&url).send().await.is_ok());
    // Half of the new pair, and then what is none: the old one stays.
    fs::write(folder.path().join("tls.crt"), &second.certificate).expect("a file");
    assert!(client(&first).get(&url).send().await.is_ok());
    write(folder.path(), &second);
    while client(&second).get(&url).send().await.is_err() {
        tokio::task::yield_now().await;
    }
    assert!(client(&first).get(&url).send().await.is_err());
    assert!(open.get(&url).send().await.is_ok(), "a connection that is open goes on");
    app.stop().await;
}

#[test]
fn what_is_wrong_with_the_files_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let (one, other) = (Certificate::new(), Certificate::new());
    let files = write(folder.path(), &one);
    assert!(Tls::load(files.clone()).is_ok());
    for (certificate, key, says) in [
        (other.certificate.as_str(), one.key.as_str(), "is not that of the certificate"),
        ("", &one.key, "has no certificate"),
        (&one.key, &one.key, "has no certificate"),
        (&one.certificate, "", "no private key"),
        (&one.certificate, &one.certificate, "no private key"),
        (&one.certificate[..200], &one.key, "tls.crt"),
        (&"x".repeat(2_000_000), &one.key, "larger"),
    ] {
        fs::write(&files.certificate, certificate).expect("a file");
        fs::write(&files.key, key).expect("a file");
        let told = Tls::load(files.clone()).map(drop).expect_err(says);
        assert!(told.contains(says), "{says}: {told}");
    }
    let missing = TlsFiles { certificate: folder.path().join("none"), ..files };
    assert!(Tls::load(missing).is_err_and(|told| told.contains("none cannot be read")));
}

#[tokio::test]
async fn beyond_this_machine_nothing_is_sent_in_the_clear() {
    let folder = tempfile::tempdir().expect("a folder");
    let open = ["--listen", "0.0.0.0:0", "--database", "mem://"];
    let refused = scrip(folder.path(), &open).output().await.expect("the binary");
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success());
    for words in ["in the clear", "--tls-certificate", "--behind-proxy", "127.0.0.1"] {
        assert!(told.contains(words), "{told}");
    }
    let gateway = Gateway::start(scrip(folder.path(), &[&open[..], &["--behind-proxy"]].concat())).await;
    assert!(gateway.url.starts_with("http://"), "{}", gateway.url);
    gateway.stop().await;
    let shown = Certificate::new();
    write(folder.path(), &shown);
    let tls = ["--tls-certificate", "tls.crt", "--tls-key", "tls.key"];
    let gateway = Gateway::start(scrip(folder.path(), &[&open[..], &tls].concat())).await;
    assert!(gateway.url.starts_with("https://") && gateway.said.contains("https://0.0.0.0"), "{}", gateway.said);
    let url = gateway.url.replace("0.0.0.0", "127.0.0.1") + "/healthz";
    assert_eq!(client(&shown).get(url).send().await.expect("an answer").status(), 200);
    gateway.stop().await;
    let half =
        scrip(folder.path(), &["--tls-key", "tls.key", "--database", "mem://"]).output().await.expect("the binary");
    assert!(String::from_utf8_lossy(&half.stderr).contains("tls.certificate is invalid"), "{half:?}");
}

#[tokio::test]
async fn every_answer_tells_browsers_to_be_careful() {
    let app = App::start().await;
    for (path, status) in [
        ("/", 200),
        ("/graphql?query=%7B__typename%7D", 401),
        ("/healthz", 200),
        ("/readyz", 200),
        ("/backup", 401),
        ("/nothing", 404),
    ] {
        let answer = app.client.get(format!("{}{path}", app.url)).send().await.expect("an answer");
        assert_eq!(answer.status(), status, "{path}");
        let said = |name: &str| {
            answer.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
        };
        assert_eq!(
            (said("x-content-type-options"), said("x-frame-options")),
            ("nosniff".to_owned(), "DENY".to_owned()),
            "{path}"
        );
        assert_eq!(
            (said("referrer-policy"), said("cache-control")),
            ("no-referrer".to_owned(), "no-store".to_owned()),
            "{path}"
        );
        let policy = said("content-security-policy");
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(said("strict-transport-security"), "", "{path}");
    }
    // The explorer's script and style are those that its policy names, and there are no others.
    let answer = app.client.get(format!("{}/", app.url)).header("accept", "text/html").send().await.expect("an answer");
    let policy = answer.headers()["content-security-policy"].to_str().expect("text").to_owned();
    let page = answer.text().await.expect("a page");
    for element in ["script", "style"] {
        let parts: Vec<_> = page.split(&format!("<{element}")).skip(1).collect();
        let [part] = parts.as_slice() else { panic!("one {element} is expected") };
        let (text, _) =
            part.strip_prefix('>').and_then(|rest| rest.split_once(&format!("</{element}>"))).expect("its text");
        let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes());
        let hash = format!("{element}-src 'sha256-{}'", data_encoding::BASE64.encode(hash.as_ref()));
        assert!(policy.contains(&hash), "{policy} lacks {hash}");
    }
    for inline in [" style=", " onclick=", " onload=", "javascript:"] {
        assert!(!page.contains(inline), "{inline} would not work");
    }
    app.finish().await;
}
