import {formatPercentage} from "@web/views/fields/formatters";
import {registry} from "@web/core/registry";

/** A share of a group as per cent; empty where there is none, which is not 0 %. */
export function formatShare(value, options) {
  return typeof value === "number" ? formatPercentage(value, options) : "";
}
formatShare.extractOptions = formatPercentage.extractOptions;

registry.category("formatters").add("whatsapp_clinic_share", formatShare);
