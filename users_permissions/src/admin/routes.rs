//! The table of pages: every action, what it is for, where it is served, and its handler.

use super::table::pages;
use super::{assets, home, login};

pages! {
    login "Shows the form to sign in." [GET "/login"] open => login::form;
    signIn "Signs in by name or address and password." [POST "/login"] open => login::sign_in;
    signOut "Signs out." [POST "/logout"] open => login::sign_out;
    setUp "Creates the first administrator, for whoever holds the one-time link." [GET "/setup", POST "/setup"] open => login::set_up;
    setTheme "Chooses light or dark." [POST "/theme"] open => home::set_theme;
    asset "Styles and scripts of these pages." [GET "/assets/{file}"] open => assets::serve;
    home "Shows the start page." [GET ""] => home::show;
}
