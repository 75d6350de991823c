//! The table of pages: every action, what it is for, where it is served, and its handler.

use super::table::pages;
use super::{actions, assets, explain, home, login, matrix, roles};

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
}
