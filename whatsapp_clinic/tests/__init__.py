from .appointment import (
    test_appointment,
    test_appointment_desk,
    test_appointment_report,
    test_availability,
    test_holiday_import,
)
from .channel import (
    test_channel,
    test_channel_told,
    test_transfer,
)
from .chat import (
    test_chat_consent,
    test_stop_words,
    test_wrong_person,
)
from .clinic import (
    test_only_one,
)
from .consent import (
    test_chain,
    test_consent,
    test_consent_api,
    test_consent_ask,
    test_consent_form,
    test_consent_import,
    test_consent_page,
    test_consent_record,
    test_coverage,
    test_evidence,
    test_notice,
    test_notice_page,
    test_personal_link,
    test_purpose,
)
from .gate import (
    test_content_check,
    test_gate,
    test_gate_table,
    test_limits,
    test_objection,
    test_ranks,
    test_traits,
)
from .identity import (
    test_acts,
    test_addresses,
    test_identity,
    test_identity_merge,
    test_merge,
    test_merge_consent,
)
from .inbox import (
    test_chatter,
    test_history_language,
)
from .intake import (
    test_kinds_in,
    test_long_texts,
    test_outside,
    test_properties,
    test_retention,
    test_unrecognised,
    test_webhook,
)
from .media import (
    test_media,
)
from .message import (
    test_overrides,
    test_stored_values,
    test_thread_tour,
    test_unanswered,
)
from .migrations import (
    test_migrations,
)
from .monitoring import (
    test_alarm,
    test_alarm_tour,
    test_counters,
    test_first_steps,
)
from .outbox import (
    test_channel_trial,
    test_composer,
    test_composer_tour,
    test_dispatcher,
    test_error_policy,
    test_kinds_out,
    test_reply,
    test_round_trip,
    test_server_action,
    test_undo,
)
from .patient import (
    test_guardianship,
    test_new_patient,
    test_patient_search,
    test_phone,
)
from .provider import (
    test_contract,
    test_door,
)
from .rule import (
    test_follow,
    test_follow_model,
    test_planning,
    test_subject,
)
from .security import (
    test_access,
    test_asked,
    test_colleagues,
    test_companies,
    test_foreign_app,
    test_forms_about_others,
    test_given_ids,
    test_http_methods,
    test_looked_after,
    test_methods,
    test_own_branch,
    test_refusal_told,
    test_searched_fields,
    test_seen_patients,
    test_shared_number,
    test_shared_record,
    test_sweep,
    test_twins,
)
from .server import (
    test_replacing,
)
from .template import (
    test_carousel,
    test_template,
    test_template_codes,
    test_template_fields,
    test_template_shapes,
    test_template_titles,
    test_template_writing,
)
from .views import (
    test_contrast,
    test_demo,
    test_desk_tours,
    test_developer_mode,
    test_dialogs,
    test_menus,
    test_rooms_of_views,
    test_tours,
    test_translations,
    test_views,
)
from .vocabulary import (
    test_locks,
    test_visit_states,
    test_vocabulary,
)
from .whatsapp.approval import (
    test_approvals,
    test_template_life,
    test_template_news,
    test_template_requests,
    test_template_tour,
)
from .whatsapp.cost import (
    test_cost,
)
from .whatsapp.number import (
    test_account,
    test_connect_tour,
    test_connection_check,
    test_news_facts,
)
