// Shows how far an upload has come. Without this script the form is sent as it is.
(() => {
  'use strict';
  const form = document.querySelector('[data-upload]');
  const line = form?.querySelector('[data-upload-progress]');
  if (!line) return;
  const bar = line.querySelector('progress');
  const text = line.querySelector('.progress-text');

  form.addEventListener('submit', event => {
    event.preventDefault();
    const request = new XMLHttpRequest();
    const buttons = form.querySelectorAll('button');
    const body = new FormData(form);
    buttons.forEach(button => { button.disabled = true; });
    line.hidden = false;
    request.open('POST', form.action);
    request.responseType = 'document';
    request.upload.addEventListener('progress', progress => {
      const percent = progress.lengthComputable ? Math.floor(progress.loaded / progress.total * 100) : 0;
      bar.value = percent;
      text.textContent = `${percent} %`;
      if (percent === 100) text.textContent = form.dataset.uploadDone;
    });
    request.addEventListener('load', () => {
      const main = request.response?.querySelector('main');
      if (request.status < 400 || request.responseURL !== form.action || !main) {
        location.assign(request.responseURL || form.action);
        return;
      }
      // What is wrong with the file, on the form again.
      document.querySelector('main').replaceWith(document.adoptNode(main));
      const problem = main.querySelector('[role=alert]') ?? main;
      problem.tabIndex = -1;
      problem.focus();
    });
    request.addEventListener('error', () => {
      text.textContent = form.dataset.uploadFailed;
      buttons.forEach(button => { button.disabled = false; });
    });
    request.send(body);
  });
})();
