//! Groups in the tokens of an issuer: by their names, and no others.

use serde_json::{Value, json};

use super::{
    App,
    issuer::{Issuer, Key},
    with,
};
use scrip::service::IssuerDraft;

/// What a token of these claims sees.
async fn seen(app: &App, token: &str) -> String {
    let query = "{ viewer { groups { name } } pools { edges { node { name } } } }";
    app.send(token, query, json!({})).await.to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_is_in_the_groups_that_it_names() {
    let app = App::start().await;
    let key = Key::p256("a");
    let issuer = Issuer::start(std::slice::from_ref(&key)).await;
    app.trust_with(IssuerDraft { groups: Some("realm.teams".to_owned()), ..issuer.draft() }).await;
    let make = "mutation($input: UserGroupCreateInput!) { userGroupCreate(input: $input) { userGroup { id } } }";
    for name in ["north", "south"] {
        let group =
            app.data(make, json!({ "input": { "name": name } })).await["userGroupCreate"]["userGroup"]["id"].clone();
        app.pool(
            json!({ "name": format!("of the {name}"), "type": "AMOUNT", "value": "5", "userGroupId": group }),
            &[],
        )
        .await;
    }
    app.pool(json!({ "name": "open", "type": "AMOUNT", "value": "5" }), &[]).await;
    for (teams, north, south) in [
        (json!(["north"]), true, false),
        (json!("south"), false, true),
        (json!(["south", "north", "another application's"]), true, true),
        (json!(["North", "none", 7, null]), false, false),
        (json!([]), false, false),
        (json!(7), false, false),
        (Value::Null, false, false),
    ] {
        let claims = with("realm", json!({ "teams": teams }));
        let found = seen(&app, &key.token(&claims)).await;
        assert!(found.contains("\"open\""), "{teams}: {found}");
        assert_eq!(
            (found.contains("of the north"), found.contains("of the south")),
            (north, south),
            "{teams}: {found}"
        );
    }
    // An ADMIN sees all, whatever the token names.
    let mut admin = with("role", json!("ADMIN"));
    admin["realm"] = json!({ "teams": ["north"] });
    assert!(seen(&app, &key.token(&admin)).await.contains("of the south"));
    // A group that is called otherwise is another from then on.
    let token = key.token(&with("realm", json!({ "teams": ["north"] })));
    assert!(seen(&app, &token).await.contains("of the north"));
    let groups = app.data("{ userGroups { id name } }", json!({})).await["userGroups"].clone();
    let rename = "mutation($input: UserGroupUpdateInput!) { userGroupUpdate(input: $input) { userGroup { name } } }";
    app.data(rename, json!({ "input": { "id": groups[0]["id"], "name": "far north" } })).await;
    assert!(!seen(&app, &token).await.contains("of the north"));
    app.finish().await;
}
