//! A TLS stream whose errors say what is wrong and what to do.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use rustls::{AlertDescription, CertificateError, pki_types::ServerName};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::connection::{Address, BoxedStream, TlsTrustError, connect::failed};

/// In TLS 1.3 a server's refusal of our certificate comes after the handshake, in place of the first reply; and by
/// then it has closed, so that writing may fail before the refusal is read. Hence, until anything was heard, a failed
/// write reads first.
pub(super) struct Explained {
    stream: TlsStream<BoxedStream>,
    address: Address,
    heard: bool,
}

impl Explained {
    pub(super) async fn handshake(
        connector: TlsConnector,
        name: ServerName<'static>,
        stream: BoxedStream,
        address: &Address,
    ) -> io::Result<Self> {
        match connector.connect(name.clone(), stream).await {
            Ok(stream) => Ok(Self { stream, address: address.clone(), heard: false }),
            Err(error) => Err(explain(error, address, Some(&name)).unwrap_or_else(|error| {
                let what = if is_no_tls(&error) {
                    "speak tls (is this its tls port?) with"
                } else {
                    "speak tls with"
                };
                failed(what, address, error)
            })),
        }
    }

    fn after_write<T>(&mut self, written: io::Result<T>, context: &mut Context<'_>) -> io::Result<T> {
        let Err(error) = written else { return written };
        let mut byte = [0];
        let mut unread = ReadBuf::new(&mut byte);
        if !self.heard
            && let Poll::Ready(Err(refusal)) = Pin::new(&mut self.stream).poll_read(context, &mut unread)
        {
            return Err(explain(refusal, &self.address, None).unwrap_or_else(|refusal| refusal));
        }
        Err(error)
    }
}

impl AsyncRead for Explained {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let result = ready!(Pin::new(&mut this.stream).poll_read(context, buffer));
        this.heard |= result.is_ok();
        Poll::Ready(result.map_err(|error| explain(error, &this.address, None).unwrap_or_else(|error| error)))
    }
}

impl AsyncWrite for Explained {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = ready!(Pin::new(&mut this.stream).poll_write(context, bytes));
        Poll::Ready(this.after_write(written, context))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = ready!(Pin::new(&mut this.stream).poll_write_vectored(context, slices));
        Poll::Ready(this.after_write(written, context))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let flushed = ready!(Pin::new(&mut this.stream).poll_flush(context));
        Poll::Ready(this.after_write(flushed, context))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}

/// The same error in our words, or else what it was.
fn explain(
    error: io::Error,
    address: &Address,
    name: Option<&ServerName<'_>>,
) -> Result<io::Error, io::Error> {
    let theirs = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    let Some((reason, source)) = theirs.and_then(|error| Some((distrust(error)?, error.clone()))) else {
        return Err(error);
    };
    let reason = match name {
        Some(name) if reason == WRONG_NAME => {
            let name = name.to_str();
            format!("its certificate is not made for {name}; dial it by a name it has, or set server_name")
        }
        _ => reason.to_owned(),
    };
    let error = TlsTrustError::new(address, reason).with_source(source);
    Ok(io::Error::new(io::ErrorKind::InvalidData, error))
}

const WRONG_NAME: &str = "its certificate is made for another name; set server_name";

/// Why one side does not trust the other, if that is it.
fn distrust(error: &rustls::Error) -> Option<&'static str> {
    use AlertDescription as Alert;
    use CertificateError as Theirs;
    Some(match error {
        rustls::Error::InvalidCertificate(theirs) => match theirs {
            Theirs::Expired | Theirs::ExpiredContext { .. } => "its certificate has expired; renew it",
            Theirs::NotValidYet | Theirs::NotValidYetContext { .. } => {
                "its certificate is not valid yet; compare the clocks of both sides"
            }
            // So it is if the authority has a trusted one's name, but not its key.
            Theirs::UnknownIssuer | Theirs::BadSignature => {
                "its certificate was issued by an authority that is not trusted here; \
                 give that authority's certificate by ca_file or ca_data"
            }
            Theirs::NotValidForName | Theirs::NotValidForNameContext { .. } => WRONG_NAME,
            Theirs::Revoked => "its certificate was revoked; renew it",
            _ => "its certificate cannot be verified; look at the certificate and at ca_file",
        },
        rustls::Error::NoCertificatesPresented => "it shows no certificate; give it one",
        rustls::Error::AlertReceived(alert) => match alert {
            Alert::CertificateRequired | Alert::NoCertificate => {
                "it asks for a client certificate; give one by client_cert_file and client_key_file"
            }
            Alert::CertificateExpired => "it says that our client certificate has expired; renew it",
            Alert::CertificateRevoked => "it says that our client certificate was revoked; renew it",
            Alert::UnknownCA => {
                "it does not trust the authority that issued our client certificate; \
                 take one of an authority it trusts"
            }
            Alert::BadCertificate
            | Alert::UnsupportedCertificate
            | Alert::CertificateUnknown
            | Alert::DecryptError
            | Alert::AccessDenied => "it refuses our client certificate; ask whoever runs it for a right one",
            _ => return None,
        },
        _ => return None,
    })
}

/// What to do, if one side does not trust the other.
#[cfg(feature = "lag-aware")]
pub(crate) fn advice(error: &(dyn std::error::Error + 'static)) -> Option<&'static str> {
    crate::connection::causes(error).find_map(|error| distrust(error.downcast_ref()?))
}

/// What came was no TLS at all.
fn is_no_tls(error: &io::Error) -> bool {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
    matches!(inner, Some(rustls::Error::InvalidMessage(rustls::InvalidMessage::InvalidContentType)))
}
