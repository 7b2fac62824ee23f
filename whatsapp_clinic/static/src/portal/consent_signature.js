import {SignatureForm} from "@portal/signature_form/signature_form";
import {onMounted} from "@odoo/owl";
import {registry} from "@web/core/registry";

/**
 * Odoo's signature, sent with the choices of the consent page as one ordinary form.
 */
export class ConsentSignature extends SignatureForm {
  static template = "whatsapp_clinic.ConsentSignature";

  setup() {
    super.setup();
    // Odoo's field takes the focus, and with it the reader away from the notice; what
    // is inert takes none.
    onMounted(() => this.rootRef.el.closest("[inert]").removeAttribute("inert"));
  }

  onClickSubmit() {
    const form = document.getElementById("o_whatsapp_clinic_answer");
    this.state.error = this.findProblem(form);
    if (this.state.error) {
      return;
    }
    form.elements.namedItem("name").value = this.signature.name;
    form.elements.namedItem("signature").value = this.image;
    form.submit();
  }

  get image() {
    return this.signature.getSignatureImage().split(",")[1] || "";
  }

  /**
   * What the server would object to, told before the drawing is lost.
   */
  findProblem(form) {
    const {noChoice, noName, noSignature} = this.props.problems;
    if (!form.querySelector("input[type=radio]:checked")) {
      return noChoice;
    }
    if (!(this.signature.name || "").trim()) {
      return noName;
    }
    return this.signature.isSignatureEmpty || !this.image ? noSignature : false;
  }
}

registry
  .category("public_components")
  .add("whatsapp_clinic.consent_signature", ConsentSignature);
