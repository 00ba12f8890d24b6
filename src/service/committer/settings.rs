//! The settings that hold for all, and the secrets that are kept with them.

use super::{keys::Access, stop::Stop};
use crate::SettingsEdit;
use scrip_domain::{
    access::Settings,
    combining::checked_number,
    pool_draft::Faults,
    rejection::Input,
    seal::IdSecret,
    token_key::{TokenKeys, TokenSecret},
};

impl Access<'_, '_> {
    pub(super) fn settings_update(&mut self, edit: &SettingsEdit) -> Result<Settings, Stop> {
        let mut settings = self.rows.working().settings();
        let mut faults = Faults::default();
        settings.auto_redeem = edit.auto_redeem.unwrap_or(settings.auto_redeem);
        let combining = &mut settings.combining;
        combining.percentages_of = edit.percentages_of.unwrap_or(combining.percentages_of);
        if let Some(most) = edit.coupons_per_checkout {
            let checked = faults.take(&[Input::CouponsPerCheckout], checked_number(most));
            combining.per_checkout = checked.unwrap_or(combining.per_checkout);
        }
        if let Some(most) = edit.coupons_per_category {
            combining.per_category =
                most.and_then(|most| faults.take(&[Input::CouponsPerCategory], checked_number(most)));
        }
        faults.into_result()?;
        self.rows.put_settings(settings)?;
        Ok(settings)
    }

    /// Keeps the secret of the database's ids, unless it has one: what was given out with that stays.
    pub(super) fn ids_begin(&mut self, secret: IdSecret) -> Result<(), Stop> {
        let mut settings = self.rows.working().settings();
        if settings.ids.is_none() {
            settings.ids = Some(secret);
            self.rows.put_settings(settings)?;
        }
        Ok(())
    }

    /// Begins to seal customer tokens with a secret, unless another gateway, or an earlier try, has begun with one.
    pub(super) fn token_key_begin(&mut self, secret: TokenSecret) -> Result<(), Stop> {
        let mut settings = self.rows.working().settings();
        let renewed = TokenKeys::renewed(settings.tokens, secret, self.rows.now());
        if settings.tokens != Some(renewed) {
            settings.tokens = Some(renewed);
            self.rows.put_settings(settings)?;
        }
        Ok(())
    }
}
