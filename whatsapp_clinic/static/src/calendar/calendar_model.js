import {CalendarModel} from "@web/views/calendar/calendar_model";
import {browser} from "@web/core/browser/browser";
import {_t} from "@web/core/l10n/translation";
import {offerToTell, placeOf} from "../appointment/appointment_news";
import {user} from "@web/core/user";

// A week of so many visits takes seconds to draw, and nobody can read it.
const BUSY_WEEK = 200;
const SCALE_CHOSEN = "whatsapp_clinic.calendar_scale_chosen";
// What a visit cannot be booked without.
const NEEDED = [
  {
    model: "whatsapp.clinic.branch",
    told: _t("Before the first appointment, add the branch where patients are seen."),
    button: _t("Add the Branch"),
    action: "whatsapp_clinic.branch_action",
  },
  {
    model: "whatsapp.clinic.practitioner",
    told: _t("Before the first appointment, add who sees patients."),
    button: _t("Add Practitioners"),
    action: "whatsapp_clinic.practitioner_action",
  },
  {
    model: "whatsapp.clinic.appointment.type",
    told: _t("Before the first appointment, add what patients come for."),
    button: _t("Add Appointment Types"),
    action: "whatsapp_clinic.appointment_type_action",
  },
];
const OFF_STATES = ["cancelled", "noshow"];
const TENTATIVE_STATES = ["proposed", "waitlist"];
const ANSWER_MARKS = {accepted: "✓", needs_action: "?", tentative: "↻"};
const STATE_MARKS = {arrived: "●", fulfilled: "✔"};

function markOf({state, patient_status}) {
  return state === "booked" ? ANSWER_MARKS[patient_status] : STATE_MARKS[state];
}

export class AppointmentCalendarModel extends CalendarModel {
  static services = [...CalendarModel.services, "action"];

  setup(params, services) {
    super.setup(params, services);
    this.services = {...services, orm: this.orm};
  }

  /** The practitioners that the day shows, each in a column of their own. */
  get columns() {
    const section = this.data.filterSections.practitioner_id;
    return section ? section.filters.filter(({active}) => active) : [];
  }

  rememberScale() {
    browser.sessionStorage.setItem(SCALE_CHOSEN, "1");
  }

  async updateData(data) {
    await Promise.all([
      this.leaveBusyWeek(),
      this.loadPractitioners(),
      this.lookForVisits(),
    ]);
    return super.updateData(data);
  }

  /** A busy week opens on its day, unless another scale was chosen in this window. */
  async leaveBusyWeek() {
    const isOpening = !this.data.range && this.meta.scale === "week";
    if (!isOpening || browser.sessionStorage.getItem(SCALE_CHOSEN)) {
      return;
    }
    const week = {range: this.computeRange(), filterSections: {}};
    const {resModel, context} = this.meta;
    const options = {limit: BUSY_WEEK, context};
    const domain = this.computeDomain(week);
    const count = await this.orm.searchCount(resModel, domain, options);
    if (count >= BUSY_WEEK) {
      this.meta.scale = "day";
    }
  }

  /** Whether the user has no visit to see yet, on whatever day; and what it lacks. */
  async lookForVisits() {
    if (this.isUnused !== false) {
      const count = await this.orm.searchCount(this.meta.resModel, [], {limit: 1});
      this.isUnused = !count;
      this.missing = this.isUnused ? await this.missingStep() : null;
    }
  }

  /** The first of what a visit needs that is not there. */
  async missingStep() {
    for (const step of NEEDED) {
      if (!(await this.orm.searchCount(step.model, [], {limit: 1}))) {
        return step;
      }
    }
    return null;
  }

  /** The practitioners of the user's branches, also those whom nobody visits now. */
  async loadPractitioners() {
    this.practitioners ??= await this.orm.searchRead(
      "whatsapp.clinic.practitioner",
      [["branch_ids.member_ids", "in", [user.userId]]],
      ["name", "color", "user_id"]
    );
  }

  /** Every practitioner can be ticked; who is one sees the own visits at first. */
  async loadDynamicFilterSection(data, fieldName, filterInfo, previousSection) {
    const section = await super.loadDynamicFilterSection(
      data,
      fieldName,
      filterInfo,
      previousSection
    );
    if (fieldName === "practitioner_id") {
      this.addIdlePractitioners(section, filterInfo, previousSection);
      if (!previousSection) {
        this.showOwnVisits(section);
      }
    }
    return section;
  }

  addIdlePractitioners({fieldName, filters}, filterInfo, previousSection) {
    const listed = new Set(filters.map(({value}) => value));
    for (const {id, name, color} of this.practitioners) {
      if (!listed.has(id)) {
        const previous = previousSection?.filters.find(({value}) => value === id);
        const raw = {id, [fieldName]: [id, name], colorIndex: color};
        filters.push(this.makeFilterDynamic(filterInfo, previous, fieldName, raw, []));
      }
    }
    filters.sort((one, other) => one.label.localeCompare(other.label));
  }

  showOwnVisits({filters}) {
    const mine = this.practitioners
      .filter(({user_id}) => user_id && user_id[0] === user.userId)
      .map(({id}) => id);
    if (mine.length) {
      for (const filter of filters) {
        filter.active = mine.includes(filter.value);
      }
    }
  }

  normalizeRecord(rawRecord) {
    const record = super.normalizeRecord(rawRecord);
    const mark = markOf(rawRecord);
    return {
      ...record,
      duration: record.end.diff(record.start, "hours").hours,
      title: mark ? `${mark} ${record.title}` : record.title,
      isStriked: OFF_STATES.includes(rawRecord.state),
      isHatched: TENTATIVE_STATES.includes(rawRecord.state),
    };
  }

  buildRawRecord(partialRecord, options) {
    const values = super.buildRawRecord(partialRecord, options);
    const {practitionerId} = partialRecord;
    return practitionerId ? {...values, practitioner_id: practitionerId} : values;
  }

  /** A new visit is with whom the side panel shows alone, or in whose column it is. */
  makeContextDefaults(rawRecord) {
    const context = super.makeContextDefaults(rawRecord);
    for (const {fieldName, filters} of this.filterSections) {
      const shown = filters.filter(({active}) => active);
      if (shown.length === 1 && filters.length > 1) {
        context[`default_${fieldName}`] = shown[0].value;
      }
    }
    const {practitioner_id} = rawRecord;
    return practitioner_id
      ? {...context, default_practitioner_id: practitioner_id}
      : context;
  }

  /** A move that is refused is drawn back; after one that is not, offers to tell it. */
  async updateRecord(record, options = {}) {
    const before = await placeOf(this.orm, record.id);
    try {
      await super.updateRecord(record, options);
    } catch (error) {
      await this.load();
      throw error;
    }
    offerToTell(this.services, record.id, before, () => this.load());
  }
}
