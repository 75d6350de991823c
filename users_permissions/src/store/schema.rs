//! One description of the tables for all three databases.

diesel::table! {
    up_roles (id) {
        id -> Integer,
        document_id -> Text,
        name -> Text,
        description -> Nullable<Text>,
        role_type -> Text,
        created_at -> Timestamp,
        updated_at -> Timestamp,
    }
}

diesel::table! {
    up_users (id) {
        id -> Integer,
        document_id -> Text,
        username -> Text,
        email -> Text,
        email_key -> Nullable<Text>,
        provider -> Text,
        password_hash -> Nullable<Text>,
        confirmed -> Bool,
        blocked -> Bool,
        token_version -> Integer,
        created_at -> Timestamp,
        updated_at -> Timestamp,
    }
}

diesel::table! {
    up_user_roles (user_id, place) {
        user_id -> Integer,
        place -> Integer,
        role_id -> Integer,
    }
}

diesel::table! {
    up_user_counts (stretch) {
        stretch -> Integer,
        users -> Integer,
    }
}

diesel::table! {
    up_profiles (user_id, name) {
        user_id -> Integer,
        name -> Text,
        text_value -> Nullable<Text>,
        integer_value -> Nullable<Integer>,
        boolean_value -> Nullable<Bool>,
        time_value -> Nullable<Timestamp>,
    }
}

diesel::table! {
    up_actions (id) {
        id -> Integer,
        action -> Text,
        created_at -> Timestamp,
    }
}

diesel::table! {
    up_removed_actions (action) {
        action -> Text,
        removed_at -> Timestamp,
    }
}

diesel::table! {
    up_permissions (id) {
        id -> Integer,
        role_id -> Integer,
        action_id -> Integer,
        created_at -> Timestamp,
    }
}

diesel::table! {
    up_settings (name) {
        name -> Text,
        value -> Text,
        updated_at -> Timestamp,
    }
}

diesel::table! {
    up_codes (id) {
        id -> Integer,
        purpose -> Text,
        code_hash -> Text,
        expires_at -> Timestamp,
        used_at -> Nullable<Timestamp>,
        created_at -> Timestamp,
    }
}

diesel::table! {
    up_user_codes (id) {
        id -> Integer,
        user_id -> Integer,
        purpose -> Text,
        code_hash -> Text,
        address -> Text,
        expires_at -> Timestamp,
        used_at -> Nullable<Timestamp>,
        created_at -> Timestamp,
    }
}

diesel::table! {
    up_revision (id) {
        id -> Integer,
        value -> BigInt,
    }
}

diesel::table! {
    up_endings (revision) {
        revision -> BigInt,
        user_id -> Integer,
    }
}

diesel::table! {
    up_outbox (id) {
        id -> Integer,
        message_id -> Text,
        kind -> Text,
        recipient -> Text,
        subject -> Text,
        sealed -> Nullable<Binary>,
        state -> Text,
        attempts -> Integer,
        due_at -> Timestamp,
        claim -> Nullable<Text>,
        last_error -> Nullable<Text>,
        created_at -> Timestamp,
        updated_at -> Timestamp,
    }
}

diesel::table! {
    up_mail_requests (id) {
        id -> Integer,
        purpose -> Text,
        address -> Text,
        attempts -> Integer,
        due_at -> Timestamp,
        claim -> Nullable<Text>,
        created_at -> Timestamp,
    }
}

diesel::table! {
    up_sessions (session_id) {
        session_id -> Text,
        user_id -> Integer,
        token_hash -> Text,
        device_id -> Nullable<Text>,
        device_name -> Nullable<Text>,
        in_cookie -> Bool,
        created_at -> Timestamp,
        last_active_at -> Timestamp,
        expires_at -> Timestamp,
        ends_at -> Timestamp,
    }
}

diesel::table! {
    up_used_tokens (token_hash) {
        token_hash -> Text,
        session_id -> Text,
        used_at -> Timestamp,
    }
}

diesel::table! {
    up_identities (id) {
        id -> Integer,
        user_id -> Integer,
        provider -> Text,
        issuer -> Text,
        subject -> Text,
        email -> Nullable<Text>,
        created_at -> Timestamp,
    }
}

diesel::table! {
    up_departures (person) {
        person -> Text,
        gone_at -> Timestamp,
    }
}

diesel::table! {
    up_changes (id) {
        id -> Integer,
        actor_id -> Nullable<Integer>,
        actor -> Text,
        origin -> Text,
        kind -> Text,
        target_id -> Nullable<Integer>,
        target -> Text,
        changes -> Text,
        created_at -> Timestamp,
    }
}

diesel::table! {
    up_tickets (ticket_hash) {
        ticket_hash -> Text,
        provider -> Text,
        challenge -> Nullable<Text>,
        sealed -> Binary,
        expires_at -> Timestamp,
    }
}

diesel::table! {
    up_ended_sign_ins (sign_in) {
        sign_in -> Text,
        expires_at -> Timestamp,
    }
}

diesel::table! {
    up_states (state_hash) {
        state_hash -> Text,
        expires_at -> Timestamp,
    }
}

diesel::table! {
    up_proofs (user_id) {
        user_id -> Integer,
        address -> Text,
    }
}

diesel::table! {
    up_unproven (user_id) {
        user_id -> Integer,
    }
}

diesel::table! {
    up_claims (user_id) {
        user_id -> Integer,
    }
}

diesel::joinable!(up_user_roles -> up_users (user_id));
diesel::joinable!(up_user_roles -> up_roles (role_id));
diesel::joinable!(up_permissions -> up_roles (role_id));
diesel::joinable!(up_permissions -> up_actions (action_id));
diesel::allow_tables_to_appear_in_same_query!(
    up_roles,
    up_users,
    up_user_roles,
    up_profiles,
    up_unproven,
    up_actions,
    up_permissions
);
