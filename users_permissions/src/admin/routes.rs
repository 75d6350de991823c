//! The table of pages: every action, what it is for, where it is served, and its handler.

use super::table::pages;
use super::{
    actions, assets, changes, emails, explain, home, login, matrix, outbox, provider, providers,
    roles, settings, user, user_bulk, user_steps, users,
};

pages! {
    login "Shows the form to sign in." [GET "/login"] open => login::form;
    signIn "Signs in by name or address and password." [POST "/login"] open => login::sign_in;
    signOut "Signs out." [POST "/logout"] open => login::sign_out;
    setUp "Creates the first administrator, for whoever holds the one-time link." [GET "/setup", POST "/setup"] open => login::set_up;
    setTheme "Chooses light or dark." [POST "/theme"] open => home::set_theme;
    asset "Styles and scripts of these pages." [GET "/assets/{file}"] open => assets::serve;
    home "Shows the start page." [GET ""] => home::show;

    findRoles "Lists the roles." [GET "/roles"] => roles::list;
    createRole "Creates a role." [GET "/roles/new", POST "/roles/new"] => roles::create;
    findRole "Shows a role and what it holds." [GET "/roles/{id}"] => roles::show;
    updateRole "Changes what a role is called and holds." [POST "/roles/{id}"] => roles::update;
    deleteRole "Deletes a role." [GET "/roles/{id}/delete", POST "/roles/{id}/delete"] => roles::delete;
    findAction "Shows where an action is served and who may call it." [GET "/actions/{action}"] => actions::show;
    deleteStaleAction "Removes an action that no handler carries." [POST "/actions/delete"] => actions::delete_stale;
    getMatrix "Shows every role's rights on one page, and as CSV." [GET "/matrix", GET "/matrix.csv"] => matrix::show;
    updateMatrix "Changes the rights of several roles at once." [POST "/matrix"] => matrix::update;
    explain "Tells whether a request would be let in, and why." [GET "/explain"] => explain::show;

    findUsers "Lists users." [GET "/users"] => users::list;
    blockUsers "Blocks and unblocks users, several at once." [POST "/users/block"] => user_bulk::block;
    deleteUsers "Deletes several users at once." [POST "/users/delete"] => user_bulk::delete;
    createUser "Creates a user." [GET "/users/new", POST "/users/new"] => user::create;
    findUser "Shows a user." [GET "/users/{id}"] => user::show;
    updateUser "Changes a user." [POST "/users/{id}"] => user::update;
    deleteUser "Deletes a user." [GET "/users/{id}/delete", POST "/users/{id}/delete"] => user_steps::delete;
    resendConfirmation "Mails a user the confirmation link again." [POST "/users/{id}/confirmation"] => user_steps::resend_confirmation;
    sendPasswordLink "Mails a user a link to choose a password." [POST "/users/{id}/password-link"] => user_steps::send_password_link;
    endSessions "Ends every session of a user." [POST "/users/{id}/sessions"] => user_steps::end_sessions;
    unlinkIdentity "Unlinks a provider from a user." [POST "/users/{id}/identities/{identity}"] => user_steps::unlink;

    findProviders "Lists the providers of social login, and shows one." [GET "/providers", GET "/providers/{name}"] => providers::find;
    updateProvider "Changes a provider of social login." [POST "/providers/{name}"] => provider::update;
    testProvider "Asks a provider of social login whether its settings are of use." [POST "/providers/{name}/test"] => provider::test;
    findTemplates "Lists the templates of mails." [GET "/emails"] => emails::list;
    findTemplate "Shows the template of a mail." [GET "/emails/{key}"] => emails::show;
    updateTemplate "Changes the template of a mail." [POST "/emails/{key}"] => emails::update;
    previewTemplate "Shows a mail as a template would make it." [POST "/emails/{key}/preview"] => emails::preview;
    testTemplate "Sends a mail by a template to whoever asks." [POST "/emails/{key}/test"] => emails::test;
    getSettings "Shows the advanced settings." [GET "/settings"] => settings::show;
    updateSettings "Changes the advanced settings." [POST "/settings"] => settings::update;
    findMails "Lists mails on their way and those given up." [GET "/outbox"] => outbox::list;
    retryMail "Sends a mail again that was given up." [POST "/outbox/{id}/retry"] => outbox::retry;
    findChanges "Shows who changed what." [GET "/changes"] => changes::list;
    exportChanges "Hands the log of changes out as CSV." [GET "/changes.csv"] => changes::export;
}
