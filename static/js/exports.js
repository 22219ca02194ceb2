// The form "Set up export". It works without this file: every button is a real submit button, and the server draws the
// form again with the typed values. Here the same answer is put in place without leaving the page.
(() => {
  'use strict';
  const findForm = () => document.querySelector('[data-export-form]');
  const number = new Intl.NumberFormat(document.documentElement.lang);
  // Creating a list changes something at Constant Contact, so it is left to the browser, which sends it once.
  const isRedraw = button => button?.name === 'action' && !['save', 'create-list'].includes(button.value);
  let latest = 0;
  let isDirect = false;

  // The browser's own way, which shows whatever the server says. Nothing typed is lost.
  function sendDirectly(form, button) {
    isDirect = true;
    form.removeAttribute('aria-busy');
    form.requestSubmit(button);
  }

  async function redraw(form, button) {
    const mine = ++latest;
    const before = new Set([...form.querySelectorAll('[id]')].map(element => element.id));
    const focused = document.activeElement?.id;
    const body = new URLSearchParams(new FormData(form, button));
    form.setAttribute('aria-busy', 'true');
    // The property form.action would be the buttons of that name.
    const url = form.getAttribute('action');
    let drawn = null;
    try {
      const answer = await fetch(url, { method: 'POST', body, headers: { accept: 'text/html' } });
      const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
      drawn = page.querySelector('[data-export-form]');
    } catch {
      // The connection broke: handled like an answer without a form.
    }
    if (mine !== latest) return;
    if (!drawn) {
      sendDirectly(form, button);
      return;
    }
    form.replaceWith(document.adoptNode(drawn));
    const problem = drawn.querySelector('[role=alert] a, [role=alert]');
    const added = [...drawn.querySelectorAll('select[id]')].find(element => !before.has(element.id));
    const next = problem ?? added ?? (focused && document.getElementById(focused));
    if (next && !next.matches('a, input, select, button')) next.tabIndex = -1;
    next?.focus();
  }

  function countSegments() {
    const total = document.getElementById('segments-total');
    if (!total) return;
    const chosen = [...findForm().querySelectorAll('[name=segment]:checked')];
    const sum = chosen.reduce((all, box) => all + Number(box.dataset.members), 0);
    const text = chosen.length > 1 ? total.dataset.totalUpTo : total.dataset.total;
    total.textContent = text.replace('#', number.format(sum));
    document.getElementById('segments-warning').hidden = sum <= Number(total.dataset.max);
  }

  // While capturing, so that the guard against a second click does not see what is not sent.
  document.addEventListener('submit', event => {
    if (isDirect || event.target !== findForm() || !isRedraw(event.submitter)) return;
    event.preventDefault();
    redraw(event.target, event.submitter);
  }, true);

  document.addEventListener('change', event => {
    const form = event.target.form;
    if (!form || form !== findForm()) return;
    const { copiesTo } = event.target.dataset;
    if (copiesTo && event.target.value) document.getElementById(copiesTo).value = event.target.value;
    if (event.target.name === 'segment') countSegments();
    const shows = { connection: 'show', source: 'show-source' }[event.target.name];
    const button = shows && form.querySelector(`button[value="${shows}"]`);
    if (button) redraw(form, button);
  });
})();
