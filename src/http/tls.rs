//! TLS: a certificate and its key from files, which are looked at every two seconds. A pair that is whole takes the place
//! of the one before for connections that come from then on; one that is not is told, and changes nothing.

use std::{
    io,
    path::PathBuf,
    pin::Pin,
    sync::{Arc, PoisonError, RwLock},
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        self, ServerConfig,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    },
    server::TlsStream,
};
use tokio_util::sync::CancellationToken;

/// How often the files are looked at.
const LOOK: Duration = Duration::from_secs(2);
/// The longest of the files, in bytes.
const MAX_FILE: usize = 1024 * 1024;
/// What is spoken inside.
const HTTP: &[u8] = b"http/1.1";
/// The first byte of whoever begins to speak TLS (RFC 8446, section 5.1).
const HANDSHAKE: u8 = 22;
/// The answer to who does not.
const PLAIN: &[u8] =
    b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\nContent-Length: 45\r\n\r\n\
    this port speaks TLS: ask for it by https://\n";

/// Where a certificate is, with those that lead from it to its issuer, and its key: both as PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificates.
    pub certificate: PathBuf,
    /// The key.
    pub key: PathBuf,
}

/// What the files had in them.
type Contents = [Vec<u8>; 2];

/// The certificate that is shown at the moment.
#[derive(Debug)]
pub struct Tls {
    files: TlsFiles,
    shown: RwLock<Arc<ServerConfig>>,
    /// What the files had in them when they were looked at last.
    seen: std::sync::Mutex<Contents>,
}

impl Tls {
    /// Reads the files.
    pub fn load(files: TlsFiles) -> Result<Self, String> {
        let contents = read(&files)?;
        let shown = RwLock::new(config(&files, &contents)?);
        Ok(Self { files, shown, seen: std::sync::Mutex::new(contents) })
    }

    /// Looks at the files until it is told to stop.
    pub(super) async fn watch(self: Arc<Self>, stop: CancellationToken) {
        let mut last = None;
        while stop.run_until_cancelled(tokio::time::sleep(LOOK)).await.is_some() {
            let tls = Arc::clone(&self);
            let looked = tokio::task::spawn_blocking(move || tls.look()).await;
            let fault = looked.unwrap_or_else(|error| Err(error.to_string())).err();
            // Once for each fault: it may stay for long.
            if fault.is_some() && fault != last {
                tracing::error!(fault, "a new certificate cannot be used: the one before stays");
            }
            last = fault;
        }
    }

    fn seen(&self) -> std::sync::MutexGuard<'_, Contents> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Shows what is in the files now, if that is something else than it was.
    fn look(&self) -> Result<(), String> {
        let contents = read(&self.files)?;
        if *self.seen() == contents {
            return Ok(());
        }
        let config = config(&self.files, &contents);
        *self.seen() = contents;
        *self.shown.write().unwrap_or_else(PoisonError::into_inner) = config?;
        tracing::info!(certificate = %self.files.certificate.display(), "a new certificate is shown from now on");
        Ok(())
    }

    /// Begins to speak with whoever has come.
    pub(super) async fn welcome(&self, stream: TcpStream) -> io::Result<Wire> {
        let mut first = [0];
        if stream.peek(&mut first).await? == 1 && first != [HANDSHAKE] {
            refuse(stream).await?;
            return Err(io::Error::new(io::ErrorKind::InvalidData, "it does not speak TLS"));
        }
        let config = Arc::clone(&self.shown.read().unwrap_or_else(PoisonError::into_inner));
        Ok(Wire::Tls(Box::new(TlsAcceptor::from(config).accept(stream).await?)))
    }
}

/// Tells whoever speaks plain HTTP what to do. What was sent is read: closed before, the answer could be lost.
async fn refuse(mut stream: TcpStream) -> io::Result<()> {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    stream.write_all(PLAIN).await?;
    stream.shutdown().await?;
    let mut rest = [0; 1_024];
    while stream.read(&mut rest).await? > 0 {}
    Ok(())
}

fn read(files: &TlsFiles) -> Result<Contents, String> {
    let one = |path: &PathBuf| {
        let shown = path.display();
        let text = std::fs::read(path).map_err(|error| format!("{shown} cannot be read: {error}"))?;
        if text.len() > MAX_FILE { Err(format!("{shown} is larger than {MAX_FILE} bytes")) } else { Ok(text) }
    };
    Ok([one(&files.certificate)?, one(&files.key)?])
}

/// What shows the certificate of the files.
fn config(files: &TlsFiles, [certificate, key]: &Contents) -> Result<Arc<ServerConfig>, String> {
    let shown = files.certificate.display();
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(certificate).collect();
    let chain = chain.map_err(|error| format!("{shown} is no PEM file of certificates: {error}"))?;
    if chain.is_empty() {
        return Err(format!("{shown} has no certificate: expected PEM, -----BEGIN CERTIFICATE-----"));
    }
    let private = PrivateKeyDer::from_pem_slice(key);
    let private = private.map_err(|error| format!("{} has no private key as PEM: {error}", files.key.display()))?;
    // Two providers are in the tree: which one it is has to be said.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| error.to_string())?.with_no_client_auth();
    let mut config = builder.with_single_cert(chain, private).map_err(|error| match error {
        rustls::Error::InconsistentKeys(_) => {
            format!("the key {} is not that of the certificate {shown}", files.key.display())
        }
        error => format!("{shown} and {} cannot be used: {error}", files.key.display()),
    })?;
    config.alpn_protocols = vec![HTTP.to_vec()];
    Ok(Arc::new(config))
}

/// A connection: as it is, or with TLS over it.
pub(super) enum Wire {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl AsyncRead for Wire {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Tls(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(context),
            Self::Tls(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write_vectored(context, parts),
            Self::Tls(stream) => Pin::new(stream).poll_write_vectored(context, parts),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Plain(stream) => stream.is_write_vectored(),
            Self::Tls(stream) => stream.is_write_vectored(),
        }
    }
}
