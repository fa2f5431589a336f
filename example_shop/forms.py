"""What customers fill in."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth import authenticate, get_user_model
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.password_validation import validate_password

COUNTRIES = (
    "Austria", "Belgium", "Denmark", "Finland", "France", "Germany", "Ireland", "Italy",
    "Luxembourg", "Netherlands", "Norway", "Poland", "Portugal", "Spain", "Sweden",
    "Switzerland", "United Kingdom",
)  # fmt: skip


class AddressForm(forms.Form):
    """Where an order goes. Nothing is ever sent: the shop is a demonstration."""

    name = forms.CharField(max_length=120, label="Full name")
    email = forms.EmailField(label="E-mail")
    street = forms.CharField(max_length=200, label="Street and number")
    postcode = forms.CharField(max_length=20)
    city = forms.CharField(max_length=100)
    country = forms.ChoiceField(choices=[(name, name) for name in COUNTRIES], initial="Germany")

    autocomplete = {
        "name": "name",
        "email": "email",
        "street": "street-address",
        "postcode": "postal-code",
        "city": "address-level2",
        "country": "country-name",
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, token in self.autocomplete.items():
            self.fields[name].widget.attrs["autocomplete"] = token


class SignInForm(AuthenticationForm):
    """E-mail (or the user name that staff have) and password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].label = "E-mail"
        self.fields["username"].widget.attrs["autocomplete"] = "username"


class RegisterForm(forms.Form):
    """A new customer: the e-mail is the name to sign in with."""

    name = forms.CharField(max_length=120, label="Full name")
    email = forms.EmailField(label="E-mail", max_length=150)
    password = forms.CharField(
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="At least eight characters.",
    )

    def clean_email(self) -> str:
        email = self.cleaned_data["email"].lower()
        if get_user_model().objects.filter(username=email).exists():
            raise forms.ValidationError("There is an account with this e-mail. Sign in instead.")
        return email

    def clean_password(self) -> str:
        validate_password(self.cleaned_data["password"])
        return self.cleaned_data["password"]

    def save(self) -> Any:
        """Make the user, and hand back the one that `login` accepts."""
        first, _, last = self.cleaned_data["name"].partition(" ")
        email = self.cleaned_data["email"]
        password = self.cleaned_data["password"]
        get_user_model().objects.create_user(
            email, email, password, first_name=first[:150], last_name=last[:150]
        )
        return authenticate(username=email, password=password)


class RefundForm(forms.Form):
    """How many pieces come back, and why."""

    quantity = forms.IntegerField(min_value=1)
    reason = forms.CharField(max_length=200, required=False)
