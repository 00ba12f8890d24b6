//! What contract 1.1 adds to 1.0: `plugins/wit/1.1.0`, the interface by which a source is told what becomes of its coupons.

use wasmtime::{Store, component::InstancePre};

use self::teller::{TellerPre, exports::coupon::plugin::notice_api};
use super::{Called, Noticed, TellerGuest, v1};
use crate::{NoticeEvent, NoticeRequest, SourceRefusal, state::State};

mod teller {
    wasmtime::component::bindgen!({
        path: "../../plugins/wit/1.1.0",
        world: "teller",
        with: { "coupon:plugin/types@1.1.0": crate::contract::v1::types },
        imports: { default: trappable },
        exports: { default: async },
    });
}

/// What is told of an instance that is linked already.
pub(super) fn teller(instance: InstancePre<State>) -> wasmtime::Result<TellerPre<State>> {
    TellerPre::new(instance)
}

impl TellerGuest for TellerPre<State> {
    fn tell<'a>(&'a self, store: &'a mut Store<State>, notice: &'a NoticeRequest) -> Called<'a, Noticed> {
        Box::pin(async move {
            let instance = self.instantiate_async(&mut *store).await?;
            let told = notice_api::Notice {
                id: notice.id.clone(),
                event: match notice.event {
                    NoticeEvent::Claim => notice_api::Event::Claim,
                    NoticeEvent::Unassign => notice_api::Event::Unassign,
                    NoticeEvent::Transfer => notice_api::Event::Transfer,
                },
                at: notice.at.clone(),
                pool: v1::pool(&notice.pool),
                coupon: v1::coupon(&notice.coupon),
                customer: v1::customer(&notice.customer),
                receiver: notice.receiver.as_ref().map(v1::customer),
                config: notice.config.to_string(),
            };
            let answer = instance.coupon_plugin_notice_api().call_tell(store, &told).await?;
            Ok(answer.map_err(|error| match error {
                notice_api::Error::Unavailable(text) => SourceRefusal::Unavailable(text),
                notice_api::Error::Refused(text) => SourceRefusal::Refused(text),
                notice_api::Error::Misconfigured(text) => SourceRefusal::Misconfigured(text),
            }))
        })
    }
}
