//! What the whole programme is set to, API keys, and what the database is told by: its format and its last batches.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{
    ApiKeys, Batches, Formats, Programme,
    words::{self, instant, millis, of_role, role},
};
use crate::{
    chain::{Digest, Link},
    codec::{At, CodecError, Part, Parts, PartsReader},
    table::{Form, KIB},
};
use scrip_domain::{
    access::{ApiKey, KeyBudget, Role, Settings},
    clock::{BatchTime, Reading},
    combining::Combining,
    group::GroupId,
    seal::IdSecret,
    token_key::{TokenKey, TokenKeys, TokenSecret},
};

/// The id of the one row of settings.
const ONE: &str = "programme";

#[derive(Serialize, Deserialize)]
pub(crate) struct KeptSettings {
    auto_redeem: bool,
    /// How coupons go together; of each what is not as it is at first.
    percentages_of: Option<String>,
    coupons_per_checkout: Option<u8>,
    coupons_per_category: Option<u8>,
    /// The secret of its ids; none in a folder that no version with them has opened.
    #[serde(default)]
    ids: Option<serde_bytes::ByteArray<32>>,
    /// What customer tokens are sealed with, the newest first: number, when it was made, secret.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    tokens: Vec<(u32, At, serde_bytes::ByteArray<32>)>,
}

/// The keys of customer tokens as they are kept.
fn kept_tokens(keys: Option<TokenKeys>) -> Vec<(u32, At, serde_bytes::ByteArray<32>)> {
    let Some(TokenKeys { current, before }) = keys else { return Vec::new() };
    let keep = |key: TokenKey| (key.number, millis(key.made_at), (*key.secret.bytes()).into());
    [Some(current), before].into_iter().flatten().map(keep).collect()
}

fn tokens(kept: Vec<(u32, At, serde_bytes::ByteArray<32>)>) -> Result<Option<TokenKeys>, CodecError> {
    let mut keys = Vec::new();
    for (number, made_at, secret) in kept {
        let secret = TokenSecret::new(secret.into_array());
        keys.push(TokenKey { number, made_at: instant(made_at)?, secret });
    }
    match keys.as_slice() {
        [] => Ok(None),
        [current] => Ok(Some(TokenKeys { current: *current, before: None })),
        [current, before] => Ok(Some(TokenKeys { current: *current, before: Some(*before) })),
        _ => Err(CodecError::new("expected at most two keys of customer tokens")),
    }
}

impl Form for Programme {
    const TABLE: &'static str = "settings";
    const MOST: usize = KIB;
    type Kept<'a> = KeptSettings;

    fn parts((): &()) -> Parts<'_> {
        Parts::alone(Part::Text(ONE))
    }

    fn key(parts: &mut PartsReader<'_>) -> Option<()> {
        (parts.text()? == ONE).then_some(())
    }

    fn keep((): &(), settings: &Settings) -> KeptSettings {
        let (first, Combining { percentages_of, per_checkout, per_category }) =
            (Combining::default(), settings.combining);
        KeptSettings {
            auto_redeem: settings.auto_redeem,
            percentages_of: (percentages_of != first.percentages_of)
                .then(|| words::of_percentages(percentages_of).to_owned()),
            coupons_per_checkout: (per_checkout != first.per_checkout).then_some(per_checkout),
            coupons_per_category: per_category,
            ids: settings.ids.map(|secret| (*secret.bytes()).into()),
            tokens: kept_tokens(settings.tokens),
        }
    }

    fn restore((): &(), kept: KeptSettings) -> Result<Settings, CodecError> {
        let ids = kept.ids.map(|bytes| IdSecret::new(bytes.into_array()));
        let first = Combining::default();
        let percentages_of = kept.percentages_of.as_deref().map(words::percentages).transpose()?;
        let combining = Combining {
            percentages_of: percentages_of.unwrap_or(first.percentages_of),
            per_checkout: kept.coupons_per_checkout.unwrap_or(first.per_checkout),
            per_category: kept.coupons_per_category,
        };
        Ok(Settings { auto_redeem: kept.auto_redeem, combining, ids, tokens: tokens(kept.tokens)? })
    }
}

#[derive(Serialize, Deserialize)]
pub(crate) struct KeptKey<'a> {
    #[serde(borrow)]
    key: Cow<'a, str>,
    #[serde(borrow)]
    name: Cow<'a, str>,
    created_at: At,
    /// What its holder may do; ADMIN in what versions without roles have written.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    role: Option<Cow<'a, str>>,
    /// How its secret begins.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    hint: Option<Cow<'a, str>>,
    /// From when on it is not good any more, and since when it is revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires_at: Option<At>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    revoked_at: Option<At>,
    /// When it was last used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_used_at: Option<At>,
    /// The groups whose pools its holder sees.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    groups: Vec<u32>,
    /// How many requests and how much cost its holder may ask for in a minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    requests: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cost: Option<u32>,
}

impl Form for ApiKeys {
    const TABLE: &'static str = "api_key";
    const MOST: usize = 4 * KIB;
    type Kept<'a> = KeptKey<'a>;

    fn parts(hash: &String) -> Parts<'_> {
        Parts::alone(Part::Text(hash))
    }

    fn key(parts: &mut PartsReader<'_>) -> Option<String> {
        parts.text()
    }

    fn keep<'a>(_: &String, key: &'a ApiKey) -> KeptKey<'a> {
        let (id, name) = (Cow::Borrowed(key.id.as_str()), Cow::Borrowed(key.name.as_str()));
        KeptKey {
            key: id,
            name,
            created_at: millis(key.created_at),
            role: Some(key.role).filter(|role| *role != Role::Admin).map(|role| Cow::Borrowed(of_role(role))),
            hint: Some(key.hint.as_str()).filter(|hint| !hint.is_empty()).map(Cow::Borrowed),
            expires_at: key.expires_at.map(millis),
            revoked_at: key.revoked_at.map(millis),
            last_used_at: key.last_used_at.map(millis),
            groups: key.groups.iter().map(|group| group.0).collect(),
            requests: key.budget.requests,
            cost: key.budget.cost,
        }
    }

    fn restore(hash: &String, kept: KeptKey<'_>) -> Result<ApiKey, CodecError> {
        let (id, name) = (kept.key.into_owned(), kept.name.into_owned());
        Ok(ApiKey {
            id,
            name,
            hash: hash.clone(),
            created_at: instant(kept.created_at)?,
            role: kept.role.map_or(Ok(Role::Admin), |word| role(&word))?,
            hint: kept.hint.map(Cow::into_owned).unwrap_or_default(),
            expires_at: kept.expires_at.map(instant).transpose()?,
            revoked_at: kept.revoked_at.map(instant).transpose()?,
            last_used_at: kept.last_used_at.map(instant).transpose()?,
            groups: kept.groups.into_iter().map(GroupId).collect(),
            budget: KeyBudget { requests: kept.requests, cost: kept.cost },
        })
    }
}

/// The id of the row of the format, and its form, are those of format 1: later versions are told by it, and earlier ones
/// refuse what is not theirs.
const FORMAT: &str = "format\u{1}";

#[derive(Serialize, Deserialize)]
pub(crate) struct KeptFormat {
    doc: String,
}

impl Form for Formats {
    const TABLE: &'static str = "format";
    const MOST: usize = KIB;
    type Kept<'a> = KeptFormat;

    fn parts((): &()) -> Parts<'_> {
        Parts::alone(Part::Text(FORMAT))
    }

    fn key(parts: &mut PartsReader<'_>) -> Option<()> {
        (parts.text()? == FORMAT).then_some(())
    }

    fn keep((): &(), format: &u32) -> KeptFormat {
        KeptFormat { doc: format.to_string() }
    }

    fn restore((): &(), kept: KeptFormat) -> Result<u32, CodecError> {
        kept.doc.parse().map_err(|_| CodecError::new("expected a number"))
    }
}

/// A batch without long names, because there is one for every batch.
#[derive(Serialize, Deserialize)]
pub(crate) struct KeptBatch {
    number: u64,
    at: At,
    before: serde_bytes::ByteArray<16>,
    run: serde_bytes::ByteArray<8>,
    /// What the clocks said, and since when answers are kept in this period.
    clock: (i64, i64, u32, i64, i64),
    boots: serde_bytes::ByteArray<16>,
}

impl Form for Batches {
    const TABLE: &'static str = "batch";
    const MOST: usize = KIB;
    type Kept<'a> = KeptBatch;

    fn parts(place: &u32) -> Parts<'_> {
        Parts::alone(Part::Number((*place).into()))
    }

    fn key(parts: &mut PartsReader<'_>) -> Option<u32> {
        parts.small()
    }

    fn keep(_: &u32, link: &Link) -> KeptBatch {
        let BatchTime { at, reading, period, period_began } = link.time;
        let mut boots = [0; 16];
        boots[..8].copy_from_slice(&reading.boot.to_le_bytes());
        boots[8..].copy_from_slice(&period_began.boot.to_le_bytes());
        KeptBatch {
            number: link.number,
            at: At(at),
            before: link.before.bytes().into(),
            run: link.run.to_le_bytes().into(),
            clock: (reading.wall, reading.steady, period, period_began.wall, period_began.steady),
            boots: boots.into(),
        }
    }

    fn restore(_: &u32, kept: KeptBatch) -> Result<Link, CodecError> {
        let (wall, steady, period, began_wall, began_steady) = kept.clock;
        let boots = kept.boots.into_array();
        let ([one, other], []) = boots.as_chunks::<8>() else { return Err(CodecError::new("expected two boots")) };
        let reading = Reading { wall, steady, boot: u64::from_le_bytes(*one) };
        let period_began = Reading { wall: began_wall, steady: began_steady, boot: u64::from_le_bytes(*other) };
        Ok(Link {
            number: kept.number,
            time: BatchTime { at: kept.at.0, reading, period, period_began },
            before: Digest::from_bytes(kept.before.into_array()),
            run: u64::from_le_bytes(kept.run.into_array()),
        })
    }
}
