//! Which addresses a plugin may be connected to: those of the public Internet, and ranges that the operator
//! allows. Everything in IANA's registries of special-purpose addresses (RFC 6890) is refused: private networks,
//! loopback, link-local ones with the clouds' metadata services, documentation, multicast, and what carries
//! another address inside.

use std::net::{IpAddr, Ipv6Addr};

use ipnet::IpNet;

/// Refused ranges of version 4.
const SPECIAL_V4: [([u8; 4], u8); 15] = [
    ([0, 0, 0, 0], 8),
    ([10, 0, 0, 0], 8),
    ([100, 64, 0, 0], 10),
    ([127, 0, 0, 0], 8),
    ([169, 254, 0, 0], 16),
    ([172, 16, 0, 0], 12),
    ([192, 0, 0, 0], 24),
    ([192, 0, 2, 0], 24),
    ([192, 88, 99, 0], 24),
    ([192, 168, 0, 0], 16),
    ([198, 18, 0, 0], 15),
    ([198, 51, 100, 0], 24),
    ([203, 0, 113, 0], 24),
    ([224, 0, 0, 0], 4),
    ([240, 0, 0, 0], 4),
];

/// Refused ranges of version 6 within 2000::/3; all else outside of it is refused as well.
const SPECIAL_V6: [([u16; 2], u8); 4] =
    [([0x2001, 0x0000], 23), ([0x2001, 0x0db8], 32), ([0x2002, 0], 16), ([0x3fff, 0], 20)];

/// The ranges that an operator allows although they are special.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ranges(Vec<IpNet>);

impl Ranges {
    /// Reads ranges such as `10.1.0.0/16`; a single address is a range of itself.
    pub fn parse(texts: &[String]) -> Result<Self, String> {
        let one = |text: &String| {
            text.parse::<IpNet>()
                .or_else(|_| text.parse::<IpAddr>().map(IpNet::from))
                .map_err(|_| format!("ranges: expected addresses such as \"10.1.0.0/16\", found {text:?}"))
        };
        texts.iter().map(one).collect::<Result<_, _>>().map(Self)
    }

    /// Refuses an address that a plugin may not be connected to.
    pub fn check(&self, plugin: &str, address: IpAddr) -> Result<(), String> {
        let address = address.to_canonical();
        if is_public(address) || self.0.iter().any(|range| range.contains(&address)) {
            return Ok(());
        }
        Err(format!(
            "address {address} is not public: where that is meant, add \"{address}\" to ranges of [plugin.{plugin}] \
             in Scrip's configuration file"
        ))
    }
}

/// Whether an address is one of the public Internet. One of version 4 that is mapped into version 6 has been
/// mapped back.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let bits = u32::from(v4);
            !SPECIAL_V4.iter().any(|(start, length)| (bits ^ u32::from_be_bytes(*start)) >> (32 - length) == 0)
        }
        IpAddr::V6(v6) => is_global_unicast(v6),
    }
}

fn is_global_unicast(v6: Ipv6Addr) -> bool {
    let [first, second, ..] = v6.segments();
    let bits = u32::from(first) << 16 | u32::from(second);
    let within = |([first, second], length): &([u16; 2], u8)| {
        (bits ^ (u32::from(*first) << 16 | u32::from(*second))) >> (32 - length) == 0
    };
    bits >> 29 == 1 && !SPECIAL_V6.iter().any(within)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn special_addresses_are_refused() {
        let none = Ranges::default();
        let check = |text: &str| none.check("p", text.parse().expect(text)).is_ok();
        for text in [
            "0.0.0.0",
            "10.0.0.1",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.9",
            "224.0.0.1",
            "239.1.1.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:a9fe:a9fe",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:10::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "3fff::1",
            "5f00::1",
            "fc00::1",
            "fd12:3456::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "fd00:ec2::254",
        ] {
            assert!(!check(text), "{text}");
        }
        for text in [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.1",
            "100.63.255.255",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "193.0.0.1",
            "198.17.1.1",
            "223.255.255.255",
            "::ffff:1.1.1.1",
            "2606:4700::1111",
            "2a00:1450::1",
            "2001:200::1",
        ] {
            assert!(check(text), "{text}");
        }
    }

    #[test]
    fn the_operator_allows_ranges() {
        let ranges = Ranges::parse(&["127.0.0.0/8".to_owned(), "::1".to_owned()]).expect("ranges");
        for (text, fits) in [("127.0.0.1", true), ("::ffff:127.0.0.1", true), ("::1", true), ("10.0.0.1", false)] {
            assert_eq!(ranges.check("p", text.parse().expect(text)).is_ok(), fits, "{text}");
        }
        let refused = ranges.check("p", IpAddr::from([10, 0, 0, 1])).expect_err("refused");
        assert!(refused.contains("add \"10.0.0.1\" to ranges of [plugin.p]"), "{refused}");
        assert!(Ranges::parse(&["10.0.0.0/33".to_owned()]).is_err());
    }
}
