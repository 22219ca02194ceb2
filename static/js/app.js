// Small conveniences. Every page works without them; nothing here decides anything.
//
//   [data-theme-choice="system|light|dark"]   buttons that choose the theme
//   [data-copy="ID"]                          button that copies the value or text of the element with that id
//   form                                      a second click on its button does not send it again;
//                                             data-allow-resend where the answer is a download
//                                             and not while a date, time or number in it cannot be read
//   form[data-ask-before-loss="QUESTION"]     asks before it is sent when another form was changed, or always with
//                                             data-ask-always
//   a[data-dialog]                            opens the [data-dialog-content] of the page it leads to as a dialog
//   [data-live="URL"]                         replaces its content with each message of an event stream; the event
//                                             "done" loads the page again. Text of [data-announce] inside is read out.
//   [data-auto-submit]                        sends its form when changed; hide its button with class no-script
(() => {
  'use strict';
  const all = (selector, root = document) => root.querySelectorAll(selector);

  function markTheme() {
    const current = document.documentElement.dataset.bsTheme ?? 'system';
    for (const button of all('[data-theme-choice]')) {
      button.setAttribute('aria-pressed', String(button.dataset.themeChoice === current));
    }
  }

  function chooseTheme(choice) {
    const root = document.documentElement;
    if (choice === 'system') delete root.dataset.bsTheme; else root.dataset.bsTheme = choice;
    try {
      if (choice === 'system') localStorage.removeItem('theme'); else localStorage.setItem('theme', choice);
    } catch {
      // Storage is blocked: the choice lasts as long as the page.
    }
    markTheme();
  }

  async function copy(button) {
    const source = document.getElementById(button.dataset.copy);
    try {
      await navigator.clipboard.writeText(source.value ?? source.textContent.trim());
    } catch {
      source.select?.();
      return;
    }
    announce(button.dataset.copied);
    button.classList.add('is-done');
    setTimeout(() => button.classList.remove('is-done'), 2000);
  }

  function announce(text) {
    const announcer = document.getElementById('announcer');
    if (announcer && text && announcer.textContent !== text) announcer.textContent = text;
  }

  async function openDialog(link) {
    const answer = await fetch(link.href, { headers: { accept: 'text/html' } });
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    const content = answer.ok && page.querySelector('[data-dialog-content]');
    if (!content) {
      location.assign(link.href);
      return;
    }
    const dialog = document.createElement('dialog');
    dialog.className = 'dialog';
    dialog.setAttribute('aria-label', page.querySelector('h1').textContent);
    dialog.append(document.adoptNode(content));
    dialog.addEventListener('close', () => dialog.remove());
    dialog.addEventListener('click', event => {
      const isCancel = event.target.closest('[data-dialog-close]');
      if (isCancel) event.preventDefault();
      if (isCancel || event.target === dialog) dialog.close();
    });
    document.body.append(dialog);
    dialog.showModal();
  }

  /// Screen readers hear at most one message in this many milliseconds.
  const ANNOUNCE_INTERVAL = 10_000;

  // What was opened stays open, and the keyboard stays where it was.
  function replace(element, html) {
    const opened = [...all('details[open][id]', element)].map(details => details.id);
    const focused = element.contains(document.activeElement) ? document.activeElement.id : '';
    element.innerHTML = html;
    for (const id of opened) document.getElementById(id)?.setAttribute('open', '');
    if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  }

  function follow(element) {
    const events = new EventSource(element.dataset.live);
    let announcedAt = 0;
    events.addEventListener('message', event => {
      replace(element, event.data);
      if (Date.now() - announcedAt < ANNOUNCE_INTERVAL) return;
      announcedAt = Date.now();
      announce(element.querySelector('[data-announce]')?.textContent.trim());
    });
    events.addEventListener('done', () => {
      events.close();
      location.reload();
    });
    addEventListener('pagehide', () => events.close());
  }

  function guardAgainstResend(form) {
    if (form.hasAttribute('data-allow-resend')) return;
    // After the browser has read the form, so that the pressed button's own value is sent.
    setTimeout(() => {
      for (const button of all('button[type=submit]', form)) {
        button.disabled = true;
        button.setAttribute('data-busy', '');
      }
    });
  }

  // Browsers send a date, time or number that is half typed or does not exist as nothing at all, so it would be lost.
  // Buttons with formnovalidate, such as those that take the field away, pass.
  function keepUnreadable(event) {
    const isUnreadable = field => field.validity?.badInput && field.checkVisibility();
    const field = [...event.target.elements].find(isUnreadable);
    if (!field || event.submitter?.formNoValidate) return;
    event.preventDefault();
    event.stopPropagation();
    field.setCustomValidity(document.body.dataset.unreadable);
    field.reportValidity();
    field.addEventListener('input', () => field.setCustomValidity(''), { once: true });
  }

  document.addEventListener('submit', keepUnreadable, true);
  // What was typed into a form that POSTs, and not sent.
  let isTyped = false;
  document.addEventListener('input', event => {
    if (event.target.form?.method === 'post') isTyped = true;
  });

  document.addEventListener('submit', event => {
    const { askBeforeLoss, askAlways } = event.target.dataset;
    const isLost = isTyped || askAlways !== undefined;
    if (askBeforeLoss && isLost && !confirm(askBeforeLoss)) event.preventDefault();
    if (!event.defaultPrevented) guardAgainstResend(event.target);
  });
  // The back button brings the page as it was left, with its buttons still switched off.
  addEventListener('pageshow', () => {
    for (const button of all('[data-busy]')) {
      button.disabled = false;
      button.removeAttribute('data-busy');
    }
  });
  document.addEventListener('click', event => {
    const theme = event.target.closest('[data-theme-choice]');
    if (theme) chooseTheme(theme.dataset.themeChoice);
    const copying = event.target.closest('[data-copy]');
    if (copying) copy(copying);
    const link = event.target.closest('a[data-dialog]');
    if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey && event.button === 0) {
      event.preventDefault();
      openDialog(link);
    }
  });
  document.addEventListener('change', event => {
    if (event.target.matches('[data-auto-submit]')) event.target.form.requestSubmit();
  });

  /// The server shows times where the reader is, unless they have chosen another zone.
  function rememberZone() {
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    if (!zone || document.cookie.split('; ').includes(`listbridge_zone=${zone}`)) return;
    const secure = location.protocol === 'https:' ? '; secure' : '';
    document.cookie = `listbridge_zone=${zone}; path=/; max-age=31536000; samesite=lax${secure}`;
  }

  document.documentElement.classList.add('has-script');
  rememberZone();
  markTheme();
  all('[data-live]').forEach(follow);
})();
