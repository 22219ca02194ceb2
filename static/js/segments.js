// The condition builder: offers only the operators that go with the chosen field, and the browser's calendar for dates.
// Without it all operators are listed by type, and the server says which do not go together.
(() => {
  'use strict';
  const DAY = /^(\d{4}-\d\d-\d\d)?$/;

  function follow(condition) {
    const field = condition.querySelector('select[id$="-field"]');
    const operator = condition.querySelector('select[id$="-operator"]');
    const groups = [...operator.querySelectorAll('optgroup')];
    const inputs = condition.querySelectorAll('.input-value input, .input-to input');

    function offer(mayChange) {
      const type = field.selectedOptions[0]?.dataset.type;
      const chosen = operator.selectedOptions[0];
      const fits = group => !type || group.dataset.types.split(' ').includes(type);
      for (const group of groups) {
        // A choice that does not fit is kept until the field changes: the message beside it speaks of it.
        const isKept = !mayChange && group.contains(chosen);
        if (fits(group) || isKept) operator.append(group); else group.remove();
      }
      if (!operator.contains(chosen)) operator.value = '';
      for (const input of inputs) {
        input.type = type === 'date' && DAY.test(input.value) ? 'date' : 'text';
        if (type === 'number') input.inputMode = 'decimal'; else input.removeAttribute('inputmode');
      }
    }

    field.addEventListener('change', () => offer(true));
    offer(false);
  }

  document.querySelectorAll('.condition').forEach(follow);
})();
