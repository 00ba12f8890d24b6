//! Where a request comes from: the other end of its connection, unless that is a proxy that the configuration names, which
//! tells for whom it asks. What anybody else writes into such a header is not believed.

use std::net::IpAddr;

use axum::http::HeaderMap;
use ipnet::IpNet;

/// The header that proxies add the address to from which they were asked.
const FORWARDED_FOR: &str = "x-forwarded-for";

/// The address from which a request comes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Client(pub(super) IpAddr);

/// The proxies whose word counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proxies(Vec<IpNet>);

impl Proxies {
    /// Reads addresses and ranges of them, such as `10.1.0.0/16`.
    pub fn parse(texts: &[String]) -> Result<Self, String> {
        let one = |text: &String| {
            let text = text.trim();
            let range = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
            range.map_err(|_| format!("expected addresses or ranges such as 10.1.0.0/16, found {text:?}"))
        };
        texts.iter().map(one).collect::<Result<_, _>>().map(Self)
    }

    fn has(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|range| range.contains(&address))
    }

    /// The address from which a request comes that has these headers. Each proxy adds one at the end, so the last that is
    /// none of a proxy is the client's; what stands before it the client may have written itself.
    pub(super) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        let lines: Vec<&str> =
            headers.get_all(FORWARDED_FOR).iter().map(|line| line.to_str().unwrap_or_default()).collect();
        let mut told = lines.iter().rev().flat_map(|line| line.rsplit(','));
        while self.has(client) {
            let Some(Ok(before)) = told.next().map(|text| text.trim().parse::<IpAddr>()) else { break };
            client = before.to_canonical();
        }
        client
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_named_proxies_tell_for_whom_they_ask() {
        let proxies = Proxies::parse(&["10.0.0.0/8".to_owned(), "2001:db8::1".to_owned()]).expect("ranges");
        for (peer, lines, client) in [
            ("192.0.2.1", &["198.51.100.7"][..], "192.0.2.1"),
            ("10.0.0.1", &["198.51.100.7"], "198.51.100.7"),
            ("::ffff:10.0.0.1", &["198.51.100.7"], "198.51.100.7"),
            ("2001:db8::1", &["198.51.100.7, 10.0.0.2"], "198.51.100.7"),
            ("10.0.0.1", &["203.0.113.9, 198.51.100.7"], "198.51.100.7"),
            ("10.0.0.1", &["203.0.113.9", "198.51.100.7,10.0.0.2"], "198.51.100.7"),
            ("10.0.0.1", &["203.0.113.9, unknown"], "10.0.0.1"),
            ("10.0.0.1", &["203.0.113.9, unknown, 10.0.0.3"], "10.0.0.3"),
            ("10.0.0.1", &[""], "10.0.0.1"),
            ("10.0.0.1", &[], "10.0.0.1"),
            ("10.0.0.1", &["10.0.0.2"], "10.0.0.2"),
            ("10.0.0.1", &["2001:db8::2"], "2001:db8::2"),
        ] {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(FORWARDED_FOR, line.parse().expect("a value"));
            }
            let found = proxies.client(peer.parse().expect("an address"), &headers);
            assert_eq!(found.to_string(), client, "{peer} {lines:?}");
        }
        assert!(Proxies::parse(&["proxy.example".to_owned()]).is_err_and(|fault| fault.contains("10.1.0.0/16")));
    }
}
