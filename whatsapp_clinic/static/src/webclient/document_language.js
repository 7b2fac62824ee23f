import {registry} from "@web/core/registry";
import {user} from "@web/core/user";

/**
 * Says in which language the page is. Odoo's backend does not, and the browser then
 * writes capitals as in English: Turkish ones lose the dot on İ.
 */
registry.category("services").add("whatsapp_clinic.document_language", {
  start() {
    document.documentElement.lang = user.lang;
  },
});
