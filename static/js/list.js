// Lists with check boxes: how many are selected, select all, and row menus that close when one looks elsewhere. Everything
// here works without, too: the boxes belong to a form with real buttons.
(() => {
  'use strict';
  const boxes = name => [...document.querySelectorAll(`input[type=checkbox][name="${name}"]`)];

  function tell() {
    const count = document.querySelector('[data-selection-count]');
    const all = document.querySelector('[data-select-all]');
    if (!count || !all) return;
    const mine = boxes(all.dataset.selectAll);
    const chosen = mine.filter(box => box.checked).length;
    all.checked = chosen > 0 && chosen === mine.length;
    all.indeterminate = chosen > 0 && chosen < mine.length;
    count.textContent = chosen ? count.dataset.selectionCount.replace('#', String(chosen)) : '';
  }

  const closeMenus = except => {
    for (const menu of document.querySelectorAll('.row-menu[open]')) if (menu !== except) menu.open = false;
  };

  document.addEventListener('change', event => {
    const { selectAll } = event.target.dataset;
    if (selectAll) for (const box of boxes(selectAll)) box.checked = event.target.checked;
    tell();
  });
  document.addEventListener('reset', () => setTimeout(tell));
  document.addEventListener('click', event => closeMenus(event.target.closest('.row-menu')));
  document.addEventListener('keydown', event => {
    if (event.key !== 'Escape') return;
    const menu = document.activeElement?.closest('.row-menu[open]');
    closeMenus();
    menu?.querySelector('summary').focus();
  });
  // The back button brings the boxes as they were left.
  addEventListener('pageshow', tell);
})();
