import {SearchModel} from "@web/search/search_model";

const START = /["']start["']/;

function isAboutTime({type, fieldName, domain}) {
  return type === "dateFilter" ? fieldName === "start" : START.test(domain || "");
}

/**
 * In the calendar, which has dates of its own, filters about time sleep: a "Today" taken
 * over from the list would make every other day look free.
 */
export class AppointmentCalendarSearchModel extends SearchModel {
  _getGroups() {
    return super
      ._getGroups()
      .map((group) => ({
        ...group,
        activeItems: group.activeItems.filter(
          ({searchItemId}) => !isAboutTime(this.searchItems[searchItemId])
        ),
      }))
      .filter((group) => group.activeItems.length);
  }

  getSearchItems(predicate) {
    return super.getSearchItems(predicate).filter((item) => !isAboutTime(item));
  }
}
