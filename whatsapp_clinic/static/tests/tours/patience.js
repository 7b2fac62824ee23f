// Milliseconds. Odoo gives a step ten seconds, which a busy machine may exceed.
const LIMIT = 60000;

export const patient = (steps) => steps.map((step) => ({timeout: LIMIT, ...step}));
