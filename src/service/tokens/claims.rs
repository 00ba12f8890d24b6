//! What a JWT says (RFC 7519, RFC 8725): read strictly, and judged by the clock of Scrip.

use serde::{Deserialize, de::IgnoredAny};
use serde_json::{Map, Value};

use super::{Refused, issuer::Issuer};
use scrip_domain::{
    access::Role,
    id::{CustomerId, checked_id},
    period::Instant,
};

/// The longest id of a key that is looked for, in bytes.
const MAX_KID: usize = 256;
/// How long what a token says is believed at most, in milliseconds, before the token is read again: 30 days.
const LONGEST: i64 = 30 * 24 * 60 * 60 * 1_000;

/// Whether a text has the form of a JWT: three parts, the first of which is JSON in base64.
pub(super) fn is_like_a_token(text: &str) -> bool {
    text.starts_with("ey") && text.bytes().filter(|byte| *byte == b'.').count() == 2
}

/// The header of a token. What it says of where keys are is not looked at.
#[derive(Debug, Deserialize)]
pub(super) struct Header {
    pub(super) alg: String,
    pub(super) kid: Option<String>,
    typ: Option<String>,
    crit: Option<IgnoredAny>,
}

/// The parts of a token.
#[derive(Debug)]
pub(super) struct Parts<'a> {
    pub(super) header: Header,
    /// What is signed.
    pub(super) signed: &'a str,
    pub(super) signature: &'a str,
    payload: &'a str,
}

impl<'a> Parts<'a> {
    pub(super) fn read(token: &'a str) -> Result<Self, Refused> {
        let parts =
            token.rsplit_once('.').and_then(|(signed, signature)| Some((signed, signed.split_once('.')?, signature)));
        let (signed, (header, payload), signature) = parts.ok_or("it does not have three parts")?;
        let header: Header = serde_json::from_slice(&decoded(header)?).map_err(|_| "its header is not one of a JWT")?;
        if header.crit.is_some() {
            return Err("its header demands extensions (crit), and none is known".to_owned());
        }
        if header.kid.as_ref().is_some_and(|kid| kid.len() > MAX_KID) {
            return Err(format!("the id of its key has more than {MAX_KID} bytes"));
        }
        let is_of_access = |typ: &String| {
            let typ = typ.to_ascii_lowercase();
            matches!(typ.trim_start_matches("application/"), "jwt" | "at+jwt")
        };
        if !header.typ.as_ref().is_none_or(is_of_access) {
            return Err("its type (typ) is neither JWT nor at+jwt: it is a token for something else".to_owned());
        }
        Ok(Self { header, signed, signature, payload })
    }

    /// What it says. For after its signature was found to be good.
    pub(super) fn claims(&self) -> Result<Map<String, Value>, Refused> {
        serde_json::from_slice(&decoded(self.payload)?).map_err(|_| "its claims are no JSON object".to_owned())
    }
}

fn decoded(part: &str) -> Result<Vec<u8>, Refused> {
    data_encoding::BASE64URL_NOPAD.decode(part.as_bytes()).map_err(|_| "it is not written in base64url".to_owned())
}

/// Who a token is about, and until when.
#[derive(Debug)]
pub(super) struct Subject {
    pub(super) name: String,
    pub(super) role: Role,
    /// The names of groups.
    pub(super) groups: Vec<String>,
    pub(super) customer: Option<CustomerId>,
    pub(super) until: Instant,
}

impl Subject {
    /// Judges the claims of a token.
    pub(super) fn of(claims: &Map<String, Value>, issuer: &Issuer, now: Instant) -> Result<Self, Refused> {
        if claims.get("iss").and_then(Value::as_str) != Some(issuer.name.as_str()) {
            return Err("its issuer (iss) is not the one that is trusted".to_owned());
        }
        if !is_for(claims.get("aud"), &issuer.audience) {
            return Err("it is for another audience (aud)".to_owned());
        }
        let (now_millis, leeway) = (now.as_millisecond(), issuer.leeway_millis);
        let end = date(claims, "exp")?.ok_or("it does not say when it ends (exp)")?.saturating_add(leeway);
        if now_millis >= end {
            return Err("its time is over (exp)".to_owned());
        }
        match date(claims, "nbf")? {
            Some(begin) if now_millis < begin.saturating_sub(leeway) => {
                return Err("its time has not begun (nbf)".to_owned());
            }
            None if !issuer.nbf_optional => {
                return Err("it does not say when it begins (nbf): where the issuer never does, set jwt.nbf to \
                            \"optional\""
                    .to_owned());
            }
            _ => {}
        }
        let role = role(claims, &issuer.role)?;
        let subject = claims.get("sub").and_then(Value::as_str).ok_or("it has no subject (sub)")?;
        let name = checked_id(subject).map_err(|_| "its subject (sub) is not a name of up to 128 characters")?;
        let customer = match role {
            Role::Customer => Some(CustomerId::parse(&name).map_err(|_| "its subject (sub) is no customer's id")?),
            _ => None,
        };
        let until = scrip_domain::period::instant_of(end.min(now_millis.saturating_add(LONGEST)));
        let until = until.ok_or("its end (exp) is out of range")?;
        Ok(Self { name, role, groups: groups(claims, &issuer.groups), customer, until })
    }
}

fn is_for(audience: Option<&Value>, ours: &str) -> bool {
    match audience {
        Some(Value::String(one)) => one == ours,
        Some(Value::Array(many)) => many.iter().any(|one| one.as_str() == Some(ours)),
        _ => false,
    }
}

/// A date in milliseconds since 1970; none where there is none. A NumericDate is a number of seconds and nothing else.
#[expect(clippy::cast_possible_truncation, reason = "a number out of range becomes the nearest that is in it")]
fn date(claims: &Map<String, Value>, name: &str) -> Result<Option<i64>, Refused> {
    match claims.get(name) {
        None => Ok(None),
        Some(Value::Number(seconds)) => {
            let seconds = seconds.as_f64().filter(|seconds| seconds.is_finite());
            let seconds = seconds.ok_or_else(|| format!("{name} is out of range"))?;
            Ok(Some((seconds * 1_000.0) as i64))
        }
        Some(_) => Err(format!("{name} is not a number of seconds since 1970")),
    }
}

/// The role that a claim names: a text, or a list of which one is a role. Names that are none of ours are those of
/// other applications.
fn role(claims: &Map<String, Value>, path: &str) -> Result<Role, Refused> {
    let named = match found(claims, path) {
        Some(Value::String(one)) => vec![one.as_str()],
        Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).collect(),
        _ => return Err(format!("its claim {path} names no role")),
    };
    let is = |role: Role, name: &str| name.eq_ignore_ascii_case(name_of(role));
    let roles: Vec<Role> = Role::ALL.into_iter().filter(|role| named.iter().any(|name| is(*role, name))).collect();
    match roles.as_slice() {
        [] => Err(format!("its claim {path} names none of the roles of Scrip")),
        // Whoever may more has what the others may, but a customer is nothing else.
        [first, ..] if roles.len() > 1 && roles.contains(&Role::Customer) => {
            Err(format!("its claim {path} names CUSTOMER and {}", name_of(*first)))
        }
        [first, ..] => Ok(*first),
    }
}

/// The names of groups that a claim has: a text, or a list. Of a token without it, none.
fn groups(claims: &Map<String, Value>, path: &str) -> Vec<String> {
    match found(claims, path) {
        Some(Value::String(one)) => vec![one.clone()],
        Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

fn name_of(role: Role) -> &'static str {
    match role {
        Role::Admin => "ADMIN",
        Role::Manager => "MANAGER",
        Role::Service => "SERVICE",
        Role::Viewer => "VIEWER",
        Role::Customer => "CUSTOMER",
    }
}

/// The claim of this name; else, where the name is a path such as `realm_access.roles`, the one within others.
fn found<'a>(claims: &'a Map<String, Value>, path: &str) -> Option<&'a Value> {
    if let Some(claim) = claims.get(path) {
        return Some(claim);
    }
    let (first, rest) = path.split_once('.')?;
    found(claims.get(first)?.as_object()?, rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_found() {
        for (claims, path, expected) in [
            (r#"{"role": "SERVICE"}"#, "role", Some(Role::Service)),
            (r#"{"role": "service"}"#, "role", Some(Role::Service)),
            (r#"{"role": ["offline", "VIEWER"]}"#, "role", Some(Role::Viewer)),
            (r#"{"role": ["VIEWER", "ADMIN"]}"#, "role", Some(Role::Admin)),
            (r#"{"role": ["VIEWER", "CUSTOMER"]}"#, "role", None),
            (r#"{"role": ["CUSTOMER"]}"#, "role", Some(Role::Customer)),
            (r#"{"role": []}"#, "role", None),
            (r#"{"role": 1}"#, "role", None),
            (r#"{"role": {"ADMIN": true}}"#, "role", None),
            (r#"{}"#, "role", None),
            (r#"{"realm": {"roles": ["ADMIN"]}}"#, "realm.roles", Some(Role::Admin)),
            (r#"{"https://shop.example/role": "ADMIN"}"#, "https://shop.example/role", Some(Role::Admin)),
            (r#"{"realm": "ADMIN"}"#, "realm.roles", None),
        ] {
            let claims: Map<String, Value> = serde_json::from_str(claims).expect("claims");
            assert_eq!(role(&claims, path).ok(), expected, "{claims:?} {path}");
        }
    }

    #[test]
    fn dates_are_numbers() {
        for (text, expected) in [
            (r#"{"exp": 1}"#, Ok(Some(1_000))),
            (r#"{"exp": 1.5}"#, Ok(Some(1_500))),
            (r#"{"exp": 1e300}"#, Ok(Some(i64::MAX))),
            (r#"{"exp": -1e300}"#, Ok(Some(i64::MIN))),
            (r#"{}"#, Ok(None)),
            (r#"{"exp": "1"}"#, Err(())),
            (r#"{"exp": null}"#, Err(())),
            (r#"{"exp": [1]}"#, Err(())),
            (r#"{"exp": true}"#, Err(())),
        ] {
            let claims: Map<String, Value> = serde_json::from_str(text).expect("claims");
            assert_eq!(date(&claims, "exp").map_err(drop), expected, "{text}");
        }
    }
}
